// Command playground is the language server for a browser: built for js/wasm and
// run in a worker of docs/playground, it takes messages of the protocol as they
// come from the page and posts its answers.
//
// It knows open documents only. It has no disk, no network and no module; what
// is typed into the page stays in the page. On any other platform the command
// says that it belongs into a browser.
package main
