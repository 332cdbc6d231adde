// ONNX Runtime as a peer of bench/compare: reads requests, one a line, on
// standard input and answers each with one line of JSON. The protocol, and where
// the package onnxruntime-node is looked for, are in bench/README.md.
'use strict';

const { execFileSync } = require('child_process');
const fs = require('fs');
const os = require('os');
const path = require('path');
const readline = require('readline');

const ort = require('onnxruntime-node');

const WARM_UP = 3;
const threads = Number(process.argv[process.argv.indexOf('--threads') + 1]) || 2;
const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'ort-bench-'));
process.on('exit', () => fs.rmSync(folder, { recursive: true, force: true }));

// The session made last, warmed up, as in torch_bench.py.
let key = null;
let run = null;

// python is the first interpreter that has PyTorch.
let python = null;

function findPython() {
  for (const name of ['python3', '/usr/bin/python3', 'python']) {
    try {
      execFileSync(name, ['-c', 'import torch'], { stdio: 'ignore' });
      return name;
    } catch {
      // the next one, perhaps
    }
  }
  throw new Error('no Python with PyTorch to write the ONNX file');
}

// exportModel lets PyTorch write the model.
function exportModel(model, batch, size) {
  const file = path.join(folder, `${model}-${batch}-${size}.onnx`);
  const script = path.join(__dirname, 'export_onnx.py');
  python ??= findPython();
  try {
    execFileSync(python, [script, model, batch, size, file], { stdio: ['ignore', 'ignore', 'pipe'] });
  } catch (e) {
    throw new Error('exporting to ONNX: ' + String(e.stderr).trim().split('\n').pop());
  }
  return file;
}

async function prepare(model, batch, size) {
  const file = exportModel(model, batch, size);
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
