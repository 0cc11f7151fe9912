// Package luabind binds a session of package esme to a Lua script: it forwards everything that happens
// to the callbacks that the script defines, and gives the script its API.
//
//	Bind        a named bind: its options, the program it runs now, its generation number
//	Handler     one session of it: implements esme.Handler
//	generation  one Lua state with one version of the script; replaced by a reload between two events
//
// The API is declared function by function in the files mod_*.go.
package luabind
