// Package docs is the documentation inside the program: a page for each code of
// a diagnostic, the reference of the language, texts for the operations of
// plans, and what turns rows of the tables of keywords and profiles to
// Markdown. "explain", hover texts and links all take it from here, so a text is
// written once.
//
// The package is pure: it reads embedded files and rows that it is given. It
// knows neither plans nor engine, module host or terminal, so that it fits into
// an editor and into a browser.
package docs
