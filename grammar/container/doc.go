// Package container reads and writes .dsz files: a zip archive that holds one
// description, and perhaps more files that an encoding needs.
//
// An archive comes from elsewhere, so nothing in it is believed: names that lead
// out of a folder, links, encryption, archives within archives and more data
// than a description can need are refused before anything is used, and sizes
// are measured while unpacking. The package works in memory only; it reads no
// file, writes none and does not look into descriptions.
package container
