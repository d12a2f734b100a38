" Settings of a description's buffer.
if exists('b:did_ftplugin')
  finish
endif
let b:did_ftplugin = 1

setlocal commentstring=#\ %s comments=:#
" Keywords hold underscores only; # and ! begin values.
setlocal iskeyword=@,48-57,_
setlocal formatoptions-=t formatoptions+=cro

let b:undo_ftplugin = 'setlocal commentstring< comments< iskeyword< formatoptions<'
