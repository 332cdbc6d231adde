// ONNX Runtime as a peer of bench/compare: reads requests, one a line, on
// standard input and answers each with one line of JSON. The protocol, and where
// the package onnxruntime-node is looked for, are in bench/README.md.
'use strict';

const fs = require('fs');
const os = require('os');
const path = require('path');
const readline = require('readline');

const ort = require('onnxruntime-node');

const { exportModel } = require('./export_onnx.js');

const WARM_UP = 3;
const threads = Number(process.argv[process.argv.indexOf('--threads') + 1]) || 2;
const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'ort-bench-'));
process.on('exit', () => fs.rmSync(folder, { recursive: true, force: true }));

// The session made last, warmed up, as in torch_bench.py.
let key = null;
let run = null;

async function prepare(model, batch, size) {
  const file = path.join(folder, `${model}-${batch}-${size}.onnx`);
  exportModel(model, batch, size, file);
  const session = await ort.InferenceSession.create(file, {
    executionProviders: ['cpu'],
    graphOptimizationLevel: 'all',
    intraOpNumThreads: threads,
    interOpNumThreads: 1,
  });
  fs.rmSync(file);
  const data = Float32Array.from({ length: batch * 3 * size * size }, () => 2 * Math.random() - 1);
  const feeds = { x: new ort.Tensor('float32', data, [batch, 3, size, size]) };
  return () => session.run(feeds);
}

async function serve(line) {
  const words = line.trim().split(/\s+/);
  if (words.length !== 7 || words[0] !== 'run' || words[2] !== 'infer' || words[3] !== 'default') {
    throw new Error('want: run MODEL infer default BATCH SIZE N');
  }
  const [batch, size, n] = words.slice(4).map(Number);
  const wanted = [words[1], batch, size].join(' ');
  if (wanted !== key) {
    key = null;
    run = await prepare(words[1], batch, size);
    for (let i = 0; i < WARM_UP; i++) await run();
    key = wanted;
  }
  await run(); // the other contender has just had the caches
  const ms = [];
  for (let i = 0; i < n; i++) {
    const start = performance.now();
    await run();
    ms.push(performance.now() - start);
  }
  return { ms };
}

function say(answer) {
  console.log(JSON.stringify(answer));
}

async function main() {
  say({ name: 'ONNX Runtime ' + ort.env.versions.common, kinds: { infer: ['default'] } });
  for await (const line of readline.createInterface({ input: process.stdin })) {
    say(await serve(line).catch((e) => ({ error: e.message })));
  }
}

main();
