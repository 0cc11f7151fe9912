package host

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"time"

	"github.com/esmehost/esmehost/diag"
	"github.com/esmehost/esmehost/luabind"
	"github.com/esmehost/esmehost/luabind/vm"
)

// reading is one look at the script root: whoever asks for a file again gets the same octets, so that all
// scripts of one transaction are of one moment.
type reading struct {
	root   string
	dir    vm.Reader
	close  func() error
	failed error // the root cannot be opened
	files  map[string]read
}

type read struct {
	src  []byte
	err  error
	look look
}

func newReading(root string) *reading {
	r := &reading{root: root, files: map[string]read{}}
	r.dir, r.close, r.failed = vm.Root(root)
	return r
}

func (r *reading) end() {
	if r.failed == nil {
		r.close()
	}
}

// compile compiles a script of this moment. files are those that were looked at, also those that are missing.
func (r *reading) compile(script string) (prog *vm.Program, wrong diag.List, files map[string]look) {
	files = map[string]look{}
	prog, wrong = luabind.CompileFrom(func(file string) ([]byte, error) {
		f := r.read(file)
		files[file] = f.look
		return f.src, f.err
	}, script)
	return prog, wrong, files
}

func (r *reading) read(file string) read {
	if f, ok := r.files[file]; ok {
		return f
	}
	f := read{look: lookAt(filepath.Join(r.root, filepath.FromSlash(file)), time.Now()), err: r.failed}
	if r.failed == nil {
		f.src, f.err = r.dir(file)
	}
	r.files[file] = f
	return f
}

// digest tells what was read in these files from any other content of them.
func (r *reading) digest(files map[string]look) string {
	sum := sha256.New()
	for _, file := range slices.Sorted(maps.Keys(files)) {
		f := r.files[file]
		fmt.Fprintf(sum, "%s\n%v\n%d\n", file, f.err, len(f.src))
		sum.Write(f.src)
	}
	return hex.EncodeToString(sum.Sum(nil))
}
