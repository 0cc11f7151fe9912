// Package examples carries the example scripts inside the binary, for the demo.
package examples

import "embed"

// Lua holds the folder lua: a folder for each example, with its script, configuration and README.
//
//go:embed lua
var Lua embed.FS
