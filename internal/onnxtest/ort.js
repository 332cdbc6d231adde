// Runs a model with ONNX Runtime: node ort.js MODEL RUNS.json RESULTS.json. A run is
// an object of tensors by name, {"Type", "Shape", "Floats", "Ints"}, and so is its
// result. Without arguments it only finds out whether ONNX Runtime is there.
const fs = require('fs');
const ort = require('onnxruntime-node');

const INT64 = 7;

async function main([model, runs, results]) {
  const session = await ort.InferenceSession.create(model, {intraOpNumThreads: 1, logSeverityLevel: 3});
  const all = [];
  for (const run of JSON.parse(fs.readFileSync(runs))) {
    const feeds = {};
    for (const [name, t] of Object.entries(run)) {
      feeds[name] = t.Type === INT64
        ? new ort.Tensor('int64', BigInt64Array.from(t.Ints, BigInt), t.Shape)
        : new ort.Tensor('float32', Float32Array.from(t.Floats), t.Shape);
    }
    const result = {};
    for (const [name, t] of Object.entries(await session.run(feeds))) {
      result[name] = {Name: name, Type: 1, Shape: t.dims, Floats: Array.from(t.data)};
    }
    all.push(result);
  }
  fs.writeFileSync(results, JSON.stringify(all));
}

if (process.argv.length > 2) {
  main(process.argv.slice(2)).catch(e => {
    console.error(e.message);
    process.exit(1);
  });
}
