// ONNX Runtime's side of the race from the start of a process to its first
// prediction: loads a model, classifies one image, prints the class and waits
// until standard input ends. With --write it makes the file instead.
//
//     ort_predict.js [--threads N] [--write] MODEL SIZE FILE
'use strict';

const { parseArgs } = require('util');

const { values, positionals } = parseArgs({
  options: { threads: { type: 'string', default: '2' }, write: { type: 'boolean' } },
  allowPositionals: true,
});
const [model, size, file] = positionals;

async function predict() {
  const ort = require('onnxruntime-node');
  const session = await ort.InferenceSession.create(file, {
    executionProviders: ['cpu'],
    graphOptimizationLevel: 'all',
    intraOpNumThreads: Number(values.threads),
    interOpNumThreads: 1,
  });
  const data = Float32Array.from({ length: 3 * size * size }, () => 2 * Math.random() - 1);
  const { logits } = await session.run({ x: new ort.Tensor('float32', data, [1, 3, Number(size), Number(size)]) });
  console.log(logits.data.indexOf(logits.data.reduce((a, b) => Math.max(a, b))));
  process.stdin.resume();
}

if (values.write) {
  require('./export_onnx.js').exportModel(model, '1', size, file);
} else {
  predict();
}
