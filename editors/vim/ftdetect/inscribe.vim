" Encoding descriptions of smart cards.
autocmd BufNewFile,BufRead *.dsc setlocal filetype=inscribe
