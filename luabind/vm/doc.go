// Package vm hides the Lua machine (gopher-lua, unmodified) and its traps behind few types:
//
//	Library  the globals and modules that scripts may use, built once, shared read-only by all states
//	Program  a script and all that it requires, compiled once, shared by all states
//	State    one bind's Lua state: Load, Call, and tasks that take turns with the callbacks
//	Data     what may leave a state: copies, never references
//
// A script can reach nothing but the Library. Every entry into Lua goes through [State.Call], which
// bounds instructions and time, survives panics, and reports where an error happened.
package vm
