package luabind

import (
	"github.com/esmehost/esmehost/luabind/vm"
)

// modules are all of the API, in the order of the documentation.
var modules = []*module{&esmeModule, &pduModule, &smsModule, &mapModule, &configModule, &logModule, &metricsModule, &timerModule, &httpModule,
	&jsonModule, &reModule, &timeModule, &cryptoModule, &base64Module, &hexModule, &uuidModule}

// library is what all scripts share: built once, when the program starts, and never changed.
var library *vm.Library

func init() {
	var all []vm.Module
	for _, m := range modules {
		all = append(all, m.vm())
	}
	for _, m := range language {
		for f := range m.functions() {
			f.full = m.Name + "." + f.Name
			if m == &baseModule {
				f.full = f.Name
			}
		}
	}
	library = vm.NewLibrary(printed, all...)
}
