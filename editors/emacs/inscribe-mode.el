;;; inscribe-mode.el --- Encoding descriptions of smart cards -*- lexical-binding: t -*-

;; Version: 1.0
;; Package-Requires: ((emacs "28.1") (eglot "1.9"))
;; Keywords: languages

;;; Commentary:

;; A major mode for encoding descriptions (.dsc), with the language server of
;; Inscribe by eglot:
;;
;;   (require 'inscribe-mode)
;;   (add-hook 'inscribe-mode-hook #'eglot-ensure)
;;
;; M-x inscribe-show-plan shows what the description would do; the plan follows
;; the text.

;;; Code:

(require 'inscribe-words)

(defgroup inscribe nil
  "Encoding descriptions of smart cards."
  :group 'languages)

(defcustom inscribe-command '("inscribe" "lsp")
  "The language server: a program and its arguments."
  :type '(repeat string))

(defvar inscribe-mode-syntax-table
  (let ((table (make-syntax-table)))
    (modify-syntax-entry ?_ "w" table)
    (modify-syntax-entry ?\" "." table)
    table)
  "Syntax of descriptions: comments are the font lock's matter, since # is one
at the start of a line only.")

(defvar inscribe-font-lock-keywords
  `(("^\\^.*$" . font-lock-preprocessor-face)
    ("^[ \t]*[#;].*$" . font-lock-comment-face)
    ("^[ \t]*\\[\\([^]\n]*\\)\\][ \t]*$" 1 font-lock-type-face)
    (,(concat "^[ \t]*" (regexp-opt inscribe-words t) "[ \t]*=") 1 font-lock-keyword-face)
    ("^[^=\n]*=[ \t]*\\(#.*\\)$" 1 font-lock-string-face)
    ("^[^=\n]*=[ \t]*\\(![A-Z0-9_]+\\)" 1 font-lock-builtin-face)
    ("!{[^}\n]*}" 0 font-lock-variable-name-face t)
    ("=[ \t]*\\(true\\|false\\|[0-9]+\\)[ \t]*$" 1 font-lock-constant-face))
  "Font lock of descriptions.")

(defun inscribe-insert-comment ()
  "Begin a comment on a line of its own above this one.
Behind a value a # belongs to the value."
  (let ((indentation (current-indentation)))
    (beginning-of-line)
    (if (looking-at "[ \t]*$")
        (delete-region (point) (match-end 0))
      (open-line 1))
    (indent-to indentation)
    (insert comment-start)))

;;;###autoload
(define-derived-mode inscribe-mode prog-mode "Inscribe"
  "Major mode for encoding descriptions."
  (setq-local comment-start "# "
              comment-start-skip "^[ \t]*[#;]+[ \t]*"
              comment-insert-comment-function #'inscribe-insert-comment
              comment-indent-function #'current-column
              font-lock-defaults '(inscribe-font-lock-keywords t t)
              imenu-generic-expression '((nil "^\\[\\([^]\n]*\\)\\]" 1))))

;;;###autoload
(add-to-list 'auto-mode-alist '("\\.dsc\\'" . inscribe-mode))

(declare-function eglot-current-server "eglot")
(declare-function jsonrpc-request "jsonrpc")
(declare-function eglot--path-to-uri "eglot")
(defvar eglot-server-programs)

(with-eval-after-load 'eglot
  (add-to-list 'eglot-server-programs `(inscribe-mode . ,(lambda (&rest _) inscribe-command))))

(defvar-local inscribe--plan-of nil "The buffer that a plan is of.")
(defvar-local inscribe--plan nil "The buffer with the plan.")

(defun inscribe--update-plan (&rest _)
  "Write the plan of this buffer anew."
  (let ((server (eglot-current-server)) (source (current-buffer)))
    (when (and server (buffer-live-p inscribe--plan))
      (let* ((uri (eglot--path-to-uri (buffer-file-name)))
             (view (jsonrpc-request server :workspace/executeCommand
                                    (list :command "inscribe.showPlan" :arguments (vector uri)))))
        (with-current-buffer inscribe--plan
          (let ((inhibit-read-only t))
            (erase-buffer)
            (insert (plist-get view :text))
            (mapc (lambda (l)
                    (save-excursion
                      (goto-char (point-min))
                      (forward-line (plist-get l :plan))
                      (make-text-button
                       (line-beginning-position) (line-end-position)
                       'action (lambda (_)
                                 (pop-to-buffer source)
                                 (goto-char (point-min))
                                 (forward-line (plist-get l :source)))
                       'face nil)))
                  (plist-get view :lines)))
          (goto-char (point-min)))))))

(defvar-local inscribe--plan-timer nil "Waits for a pause before the plan is asked for.")

(defun inscribe--plan-soon (&rest _)
  "Update the plan once Emacs has nothing else to do."
  (when inscribe--plan-timer (cancel-timer inscribe--plan-timer))
  (let ((buffer (current-buffer)))
    (setq inscribe--plan-timer
          (run-with-idle-timer 0.2 nil
                               (lambda ()
                                 (when (buffer-live-p buffer)
                                   (with-current-buffer buffer (inscribe--update-plan))))))))

;;;###autoload
(defun inscribe-show-plan ()
  "Show what the description would do; the plan follows the text."
  (interactive)
  (unless (eglot-current-server)
    (user-error "The language server does not run here; M-x eglot starts it"))
  (let ((source (current-buffer))
        (plan (get-buffer-create (format "*plan of %s*" (buffer-name)))))
    (with-current-buffer plan
      (special-mode)
      (setq inscribe--plan-of source truncate-lines t))
    (setq inscribe--plan plan)
    (add-hook 'after-change-functions #'inscribe--plan-soon nil t)
    (inscribe--update-plan)
    (display-buffer plan)))

(provide 'inscribe-mode)
;;; inscribe-mode.el ends here
