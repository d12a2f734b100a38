" Registers the linter and the language server with ALE, where that is there.
" Neovim needs nothing of it: see lua/inscribe.lua.
if exists('g:loaded_inscribe')
  finish
endif
let g:loaded_inscribe = 1

if !exists('g:inscribe_command')
  let g:inscribe_command = 'inscribe'
endif

function! s:RegisterALE() abort
  call ale#linter#Define('inscribe', {
        \ 'name': 'inscribe',
        \ 'lsp': 'stdio',
        \ 'executable': {buffer -> g:inscribe_command},
        \ 'command': '%e lsp',
        \ 'project_root': {buffer -> s:Root(buffer)},
        \ })
endfunction

function! s:Root(buffer) abort
  let l:file = fnamemodify(bufname(a:buffer), ':p:h')
  let l:config = findfile('inscribe.toml', l:file . ';')
  return empty(l:config) ? l:file : fnamemodify(l:config, ':p:h')
endfunction

augroup inscribe
  autocmd!
  autocmd User ALELintPre silent! call s:RegisterALE() | autocmd! inscribe User ALELintPre
augroup END
