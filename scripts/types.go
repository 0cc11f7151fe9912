package scripts

import "embed"

// Types are the annotations of the Lua API for editors with the Lua language server, one file a module.
//
//go:embed types/*.lua
var Types embed.FS
