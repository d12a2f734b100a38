// Where the program is looked for, and where not.
'use strict';

const assert = require('node:assert/strict');
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const { test } = require('node:test');
const { find } = require('../find');

function place(t, ...files) {
  const dir = fs.mkdtempSync(path.join(os.tmpdir(), 'inscribe-find-'));
  t.after(() => fs.rmSync(dir, { recursive: true }));
  for (const file of files) {
    fs.mkdirSync(path.join(dir, path.dirname(file)), { recursive: true });
    fs.writeFileSync(path.join(dir, file), '', { mode: 0o755 });
  }
  return (...names) => path.join(dir, ...names);
}

test('the setting goes before the path, and nothing stands in for it', (t) => {
  const at = place(t, 'mine/tool', 'path/inscribe');
  const env = { PATH: at('path') };
  assert.equal(find(at('mine/tool'), env, []), at('mine/tool'));
  assert.equal(find(at('mine/none'), env, []), undefined);
  assert.equal(find('inscribe', env, []), at('path/inscribe'));
  assert.equal(find('none', env, []), undefined);
  assert.equal(find('mine/tool', env, [at()]), undefined, 'a relative path is relative to nothing');
});

test('the path goes before the workspace', (t) => {
  const at = place(t, 'path/inscribe', 'work/bin/inscribe');
  assert.equal(find('', { PATH: ['/none', at('path')].join(path.delimiter) }, [at('work')]), at('path/inscribe'));
  assert.equal(find('', { PATH: '/none' }, [at('other'), at('work')]), at('work/bin/inscribe'));
  assert.equal(find('', { PATH: '/none' }, []), undefined);
});

test('a folder of the path that is not absolute is left out, and so is what cannot run', (t) => {
  const at = place(t, 'path/inscribe', 'folder/inscribe/file');
  fs.chmodSync(at('path/inscribe'), 0o644);
  assert.equal(find('', { PATH: [at('path'), at('folder')].join(path.delimiter) }, []), undefined);
  const here = process.cwd();
  process.chdir(at('folder/inscribe'));
  try {
    fs.chmodSync(at('folder/inscribe/file'), 0o755);
    fs.renameSync('file', 'inscribe');
    assert.equal(find('', { PATH: '.' }, []), undefined);
  } finally {
    process.chdir(here);
  }
});
