// Package scripts carries the Lua that ships inside the binary.
package scripts

import _ "embed"

// New is the script that a new bind starts from: the one of the README.
//
//go:embed new.lua
var New string
