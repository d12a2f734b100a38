// Package config reads inscribe.toml, the project's configuration that is
// reviewed together with its descriptions.
//
// Nothing in it can start a program, load a module, name a server to trust or
// reach a token: that is the station's business (cmd). The package takes bytes;
// finding the file is its callers' work.
package config
