package editors_test

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
)

// The sessions of this file are those of a person: a description with a slip in
// its Location is opened, the finding read, the hover, the completion, the fix
// applied, the plan looked at.

const slip = `[Encoding]
Type=1024,Chip
Devices=8710

[Fields]
PIN_FIELD=
SIGN_PIN=

[Description]
PKCS11Library=yourMiddleware.dll
ApplicationList=A
PIN=PIN_FIELD
SignPIN=SIGN_PIN
ClearFields=PIN_FIELD,SIGN_PIN

[Application_A]
KeySize=3072
CertTempl=cardSignature
# Ä 𝄞
Location=#Sigature
`

// server builds the command once.
var server = sync.OnceValues(func() (string, error) {
	dir, err := os.MkdirTemp("", "inscribe-editors")
	if err != nil {
		return "", err
	}
	bin := filepath.Join(dir, "inscribe")
	cmd := exec.Command("go", "build", "-o", bin, "inscribe/cmd/inscribe")
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		return "", &buildError{string(out)}
	}
	return bin, nil
})

type buildError struct{ output string }

func (e *buildError) Error() string { return e.output }

func TestMain(m *testing.M) {
	code := m.Run()
	if bin, err := server(); err == nil {
		os.RemoveAll(filepath.Dir(bin))
	}
	os.Exit(code)
}

// editor is one session: a folder with the description, and the command.
func editor(t *testing.T, program string) (dir, bin string) {
	t.Helper()
	if _, err := exec.LookPath(program); err != nil {
		t.Fatalf("%s is not there; make setup installs it", program)
	}
	bin, err := server()
	if err != nil {
		t.Fatal(err)
	}
	dir = t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "card.dsc"), []byte(slip), 0o644); err != nil {
		t.Fatal(err)
	}
	return dir, bin
}

// session runs an editor and gives what it wrote into the file "out".
func session(t *testing.T, dir string, name string, args ...string) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "HOME="+dir, "XDG_CONFIG_HOME="+dir, "XDG_DATA_HOME="+dir, "XDG_STATE_HOME="+dir, "XDG_CACHE_HOME="+dir)
	output, err := cmd.CombinedOutput()
	got, readErr := os.ReadFile(filepath.Join(dir, "out"))
	if err != nil || readErr != nil {
		t.Fatalf("%s: %v, %v\n%s\n%s", name, err, readErr, output, got)
	}
	return string(got)
}

func has(t *testing.T, got string, want ...string) {
	t.Helper()
	for _, w := range want {
		if !strings.Contains(got, w) {
			t.Errorf("%q is missing in\n%s", w, got)
		}
	}
}

func absolute(t *testing.T, path string) string {
	t.Helper()
	p, err := filepath.Abs(path)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// fixed wants the file as the fix leaves it.
func fixed(t *testing.T, dir string) {
	t.Helper()
	raw, err := os.ReadFile(filepath.Join(dir, "card.dsc"))
	if err != nil {
		t.Fatal(err)
	}
	if want := strings.Replace(slip, "#Sigature", "#Signature", 1); string(raw) != want {
		t.Errorf("the fix left\n%s", raw)
	}
}

const neovimSession = `
local out = assert(io.open('out', 'w'))
local function say(...) out:write(table.concat({ ... }, ' '), '\n') out:flush() end
local function try()
  require('inscribe').setup({ cmd = { BIN, 'lsp' } })
  vim.cmd('edit card.dsc')
  say('filetype', vim.bo.filetype)
  assert(vim.wait(20000, function() return #vim.diagnostic.get(0) > 0 end, 20), 'no diagnostics')
  local line
  for _, d in ipairs(vim.diagnostic.get(0)) do
    say('finding', d.code or d.user_data and d.user_data.lsp.code or '', d.lnum, d.col, d.end_col, d.message)
    if d.message:find('Sigature') then line = d.lnum end
  end
  local client
  for _, c in pairs(vim.lsp.buf_get_clients(0)) do client = c end
  say('server', client.name)
  local function ask(method, row, col, more)
    local params = vim.tbl_extend('force', { textDocument = vim.lsp.util.make_text_document_params(), position = { line = row, character = col } }, more or {})
    local answer = assert(client.request_sync(method, params, 20000, 0))
    assert(not answer.err, vim.inspect(answer.err))
    return answer.result
  end
  say('hover', ask('textDocument/hover', line, 3).contents.value)
  for _, i in ipairs(ask('textDocument/completion', line, 9).items) do say('completion', i.label) end
  for _, g in ipairs({ { 1, 1 }, { 2, 1 }, { 2, 8 }, { 19, 2 }, { 20, 2 }, { 20, 12 }, { 6, 2 } }) do
    say('syntax', g[1], g[2], vim.fn.synIDattr(vim.fn.synID(g[1], g[2], 1), 'name'))
  end
  vim.api.nvim_win_set_cursor(0, { line + 1, 12 })
  local view = require('inscribe').show_plan()
  assert(vim.wait(20000, function() return #view.lines > 0 end, 20), 'no plan')
  say('plan', table.concat(vim.api.nvim_buf_get_lines(view.buffer, 0, -1, false), '\n'))
  -- The lens, the command, and the command in the plan itself: one view.
  local source = vim.api.nvim_get_current_buf()
  local lenses = ask('textDocument/codeLens', 0, 0)
  vim.lsp.commands[lenses[1].command.command](lenses[1].command, { bufnr = source, client_id = client.id })
  vim.cmd('InscribePlan')
  vim.api.nvim_set_current_win(vim.fn.bufwinid(view.buffer))
  vim.cmd('InscribePlan')
  say('windows', #vim.api.nvim_list_wins(), 'in the plan', tostring(vim.api.nvim_get_current_buf() == view.buffer))
  -- Enter leads back, also once the window of the description is another one.
  vim.api.nvim_win_set_cursor(0, { view.lines[1].plan + 1, 0 })
  vim.cmd('split | wincmd p')
  vim.api.nvim_win_close(vim.fn.bufwinid(source), true)
  vim.cmd('sbuffer ' .. source)
  vim.api.nvim_set_current_win(vim.fn.bufwinid(view.buffer))
  vim.api.nvim_feedkeys(vim.api.nvim_replace_termcodes('<CR>', true, false, true), 'xt', false)
  say('back', tostring(vim.api.nvim_get_current_buf() == source), tostring(vim.api.nvim_win_get_cursor(0)[1] == view.lines[1].source + 1))
  -- A plan that was closed is opened again.
  vim.cmd('bwipeout ' .. view.buffer)
  vim.cmd('InscribePlan')
  local again = require('inscribe').show_plan()
  assert(vim.wait(20000, function() return #again.lines > 0 end, 20), 'no plan again')
  say('again', tostring(again.buffer ~= view.buffer), #vim.fn.win_findbuf(again.buffer))
  vim.cmd('new')
  say('elsewhere', tostring(require('inscribe').show_plan()), #vim.fn.win_findbuf(again.buffer))
  vim.cmd('close')
  vim.api.nvim_set_current_win(vim.fn.bufwinid(source))
  view = again
  local range = { start = { line = line, character = 12 }, ['end'] = { line = line, character = 12 } }
  local actions = ask('textDocument/codeAction', line, 12, { range = range, context = { diagnostics = vim.lsp.diagnostic.get_line_diagnostics(0, line) } })
  for _, a in ipairs(actions) do
    say('action', a.title)
    if a.title == 'Write #Signature' then
      if not a.edit then a = ask('codeAction/resolve', 0, 0, a) end
      vim.lsp.util.apply_workspace_edit(a.edit, client.offset_encoding)
    end
  end
  assert(vim.wait(20000, function()
    for _, d in ipairs(vim.diagnostic.get(0)) do if d.message:find('Sigature') then return false end end
    return true
  end, 20), 'the finding stays')
  vim.cmd('write')
  say('after', table.concat(vim.api.nvim_buf_get_lines(view.buffer, 0, -1, false), '\n'))
  say('done')
end
local ok, err = pcall(try)
if not ok then say('error', tostring(err)) end
out:close()
vim.cmd('qall!')
`

func TestNeovim(t *testing.T) {
	dir, bin := editor(t, "nvim")
	script := filepath.Join(dir, "session.lua")
	if err := os.WriteFile(script, []byte(strings.Replace(neovimSession, "BIN", "'"+bin+"'", 1)), 0o644); err != nil {
		t.Fatal(err)
	}
	got := session(t, dir, "nvim", "--headless", "-u", "NONE", "-i", "NONE", "-n", "--cmd", "set runtimepath^="+absolute(t, "vim"),
		"--cmd", "filetype plugin on", "--cmd", "syntax on", "-c", "luafile session.lua")
	has(t, got, "filetype inscribe", "server inscribe", "Location=#Sigature means the default slot", "finding",
		"**Location**", "completion #Signature", "action Write #Signature", "plan card.dsc", "Plan: 1 key,",
		"windows 2 in the plan true", "back true true", "again true 1", "elsewhere nil 1",
		"syntax 1 1 inscribeHeader", "syntax 2 1 inscribeKeyword", "syntax 2 8 inscribeNumber", "syntax 19 2 inscribeComment", "syntax 20 2 inscribeKeyword",
		"syntax 20 12 inscribeLiteral", "syntax 6 2 inscribeName", "\ndone")
	fixed(t, dir)
}

// TestVim looks at the syntax as Vim itself sees it: the language server is
// ALE's there, which no distribution has.
func TestVim(t *testing.T) {
	dir, _ := editor(t, "vim")
	script := `
edit card.dsc
let lines = ['filetype ' . &filetype, 'comment ' . &commentstring]
for [l, c] in [[1, 1], [2, 1], [19, 2], [20, 2], [20, 12]]
  call add(lines, l . ' ' . c . ' ' . synIDattr(synID(l, c, 1), 'name'))
endfor
call writefile(lines, 'out')
qall!
`
	if err := os.WriteFile(filepath.Join(dir, "session.vim"), []byte(script), 0o644); err != nil {
		t.Fatal(err)
	}
	got := session(t, dir, "vim", "-N", "-u", "NONE", "-i", "NONE", "-n", "-es", "--cmd", "set runtimepath^="+absolute(t, "vim"),
		"--cmd", "filetype plugin on", "--cmd", "syntax on", "-S", "session.vim")
	has(t, got, "filetype inscribe", "comment # %s", "1 1 inscribeHeader", "2 1 inscribeKeyword", "19 2 inscribeComment", "20 2 inscribeKeyword", "20 12 inscribeLiteral")
}

const emacsSession = `
(require 'eglot)
(require 'flymake)
(require 'inscribe-mode)
(setq inscribe-command (list BIN "lsp")
      eglot-sync-connect 20 eglot-autoshutdown t eglot-confirm-server-initiated-edits nil make-backup-files nil)
(defvar out nil)
(defun say (&rest parts) (push (mapconcat (lambda (p) (format "%s" p)) parts " ") out))
(defun wait-for (what f)
  (let ((end (+ (float-time) 20)))
    (while (and (not (funcall f)) (< (float-time) end)) (accept-process-output nil 0.05))
    (unless (funcall f) (error "%s did not come" what))))
(condition-case err
    (progn
      (find-file "card.dsc")
      (say "mode" major-mode)
      (font-lock-ensure)
      (goto-char (point-min)) (search-forward "KeySize")
      (say "face" (get-text-property (match-beginning 0) 'face))
      (dolist (text '("  KeySize=3072\nPIN=A\n" "# old\nPIN=A\n" "  # old\n" "\nPIN=A\n"))
        (with-temp-buffer
          (inscribe-mode)
          (insert text)
          (goto-char (point-min))
          (comment-dwim nil)
          (insert "|")
          (say "comment" (let ((print-escape-newlines t)) (prin1-to-string (buffer-substring-no-properties (point-min) (point-max)))))))
      (call-interactively #'eglot)
      (say "server" (eglot-project-nickname (eglot-current-server)))
      (wait-for "diagnostics" (lambda () (flymake-start) (flymake-diagnostics)))
      (dolist (d (flymake-diagnostics))
        (say "finding" (flymake-diagnostic-text d) (buffer-substring (flymake-diagnostic-beg d) (flymake-diagnostic-end d))))
      (goto-char (point-min)) (search-forward "Locat")
      (let ((hover (jsonrpc-request (eglot-current-server) :textDocument/hover (eglot--TextDocumentPositionParams))))
        (say "hover" (plist-get (plist-get hover :contents) :value)))
      (search-forward "=")
      (let ((list (jsonrpc-request (eglot-current-server) :textDocument/completion (eglot--TextDocumentPositionParams))))
        (mapc (lambda (i) (say "completion" (plist-get i :label))) (plist-get list :items)))
      (search-forward "#Sig")
      (inscribe-show-plan)
      (with-current-buffer "*plan of card.dsc*" (say "plan" (buffer-string)))
      (let* ((actions (eglot-code-actions (point) (point) nil nil))
             (action (seq-find (lambda (a) (equal (plist-get a :title) "Write #Signature")) actions)))
        (mapc (lambda (a) (say "action" (plist-get a :title))) actions)
        (unless (plist-get action :edit)
          (setq action (jsonrpc-request (eglot-current-server) :codeAction/resolve action)))
        (set-buffer "card.dsc")
        (eglot--apply-workspace-edit (plist-get action :edit)))
      ;; Batch Emacs is never idle, and eglot waits for that to send changes.
      (eglot--signal-textDocument/didChange)
      (wait-for "the end of the finding"
                (lambda () (flymake-start) (accept-process-output nil 0.1)
                  (not (seq-find (lambda (d) (string-match-p "Sigature" (flymake-diagnostic-text d))) (flymake-diagnostics)))))
      (save-buffer)
      (eglot-shutdown (eglot-current-server))
      (say "done"))
  (error (say "error" err)))
(with-temp-file "out" (insert (mapconcat #'identity (reverse out) "\n") "\n"))
(setq kill-emacs-query-functions nil)
(kill-emacs 0)
`

func TestEmacs(t *testing.T) {
	dir, bin := editor(t, "emacs")
	script := filepath.Join(dir, "session.el")
	if err := os.WriteFile(script, []byte(strings.Replace(emacsSession, "BIN", `"`+bin+`"`, 1)), 0o644); err != nil {
		t.Fatal(err)
	}
	if probe := exec.Command("emacs", "--batch", "-f", "package-initialize", "--eval", "(require 'eglot)"); probe.Run() != nil {
		t.Fatal("Emacs has no eglot; make setup installs elpa-eglot")
	}
	got := session(t, dir, "emacs", "--batch", "-f", "package-initialize", "-L", absolute(t, "emacs"), "-l", script)
	has(t, got, `comment "  # |\n  KeySize=3072\nPIN=A\n"`, `comment "# |old\nPIN=A\n"`, `comment "  # |old\n"`, `comment "# |\nPIN=A\n"`)
	has(t, got, "mode inscribe-mode", "face font-lock-keyword-face", "server ", "Location=#Sigature means the default slot", "finding",
		"Location", "completion #Signature", "action Write #Signature", "plan card.dsc", "Plan: 1 key,", "\ndone")
	fixed(t, dir)
}
