// Lets PyTorch write a model as ONNX.
'use strict';

const { execFileSync } = require('child_process');
const path = require('path');

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

function exportModel(model, batch, size, file) {
  const script = path.join(__dirname, 'export_onnx.py');
  python ??= findPython();
  try {
    execFileSync(python, [script, model, batch, size, file], { stdio: ['ignore', 'ignore', 'pipe'] });
  } catch (e) {
    throw new Error('exporting to ONNX: ' + String(e.stderr).trim().split('\n').pop());
  }
}

module.exports = { exportModel };
