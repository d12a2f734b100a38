// Where the program is.
'use strict';

const fs = require('fs');
const os = require('os');
const path = require('path');

function runs(file) {
  try {
    fs.accessSync(file, fs.constants.X_OK);
    return fs.statSync(file).isFile();
  } catch {
    return false;
  }
}

/**
 * Gives the program, or undefined: the one of the setting and no other, else the
 * first on the path, else the one that was built in a folder of the workspace.
 */
function find(setting, env, folders) {
  const names = process.platform === 'win32' ? ['.exe', ''] : [''];
  const within = (dirs, name) => dirs.flatMap((dir) => names.map((end) => path.join(dir, name + end))).find(runs);
  const onPath = (name) => within((env.PATH || env.Path || '').split(path.delimiter).filter(path.isAbsolute), name);
  if (setting) {
    const file = setting.replace(/^~(?=[\\/])/, os.homedir());
    if (path.isAbsolute(file)) return within([path.dirname(file)], path.basename(file));
    return /[\\/]/.test(file) ? undefined : onPath(file);
  }
  return onPath('inscribe') || within(folders.map((f) => path.join(f, 'bin')), 'inscribe');
}

module.exports = { find };
