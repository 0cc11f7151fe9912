package luabind

import "github.com/esmehost/esmehost/luabind/vm"

// library is what all scripts share: built once, when the program starts, and never changed.
var library *vm.Library

func init() { library = vm.NewLibrary(printed, esmeModule(), pduModule(), smsModule(), logModule()) }
