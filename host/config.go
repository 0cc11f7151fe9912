package host

import (
	"cmp"
	"fmt"
	"maps"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/esmehost/esmehost/diag"
	"github.com/esmehost/esmehost/esme"
	"github.com/esmehost/esmehost/luabind"
	"github.com/esmehost/esmehost/luabind/vm"
)

// Config is what an esmehost.yaml says, with defaults filled in and paths made absolute.
type Config struct {
	Path          string // of the file
	Scripts       string // script root
	DataDir       string // what outlives the process: the versions of scripts; empty: nothing does
	Admin         Admin
	Watch         string // auto, poll or off
	Log           Log
	ShutdownLimit time.Duration // for all binds to drain; 0 = off
	Binds         []BindConfig  // by name

	places  map[string]diag.Diagnostic // where a bind's script is named, by bind; without the line itself
	src     []byte
	secrets map[string]string
	missing map[string]diag.Diagnostic // scripts that cannot be read

	looks map[string]look // at the files that it was read from

	dataDirGiven bool
}

// Admin is where commands find the running host.
type Admin struct {
	Socket string // path of the unix socket
	Listen string // host:port; empty: none
	// TokenFile has the token that a client on Listen must bear. It is required off loopback.
	TokenFile string
}

// Log is the host's log.
type Log struct{ Format, Level string }

// BindConfig is one bind, with the defaults merged in. It holds no positions, so that two can be compared.
type BindConfig struct {
	Name           string
	SMSC           []string // host:port, or smpps://host:port, tried in turn
	Listen         string   // mode outbind: host:port at which the SMSC is awaited
	Outbind        Account  // what its outbind must bear
	Script         string   // relative to the script root
	Args           vm.Data
	ESME           esme.Config
	OnError        string // continue or crash
	ErrorIntensity Intensity
	Restart        string // permanent, transient or temporary
	Backoff        esme.Backoff
	Limits         vm.Limits
	Allow          luabind.Allow
	Reload         string              // together or each
	Rollout        Canary              // which binds of the script take a save first; all binds of a script agree
	DataCoding0    luabind.DataCoding0 // what data_coding 0 means in text
	Labels         map[string]string
}

// Account is a system_id, a password, and where who has them calls from; an empty one is not checked.
type Account struct {
	SystemID, Password string
	From               []netip.Prefix
}

// Intensity is how many script errors within a time a bind survives.
type Intensity struct {
	Count  int
	Within time.Duration
}

// LoadConfig reads the file at path. All that is wrong with it is returned at once; then the config is nil.
func LoadConfig(path string) (*Config, diag.List) {
	c, wrong := loadConfig(path)
	return c.complete(wrong)
}

// FindAdmin says where the host that runs the configuration at path is to be found, also while the file is broken: that
// is when one needs it.
func FindAdmin(path string) (Admin, error) {
	if _, err := os.Stat(path); err != nil {
		return Admin{}, err
	}
	c, _ := loadConfig(path)
	if c.Admin.Socket == "" {
		c.Admin.Socket = filepath.Join(filepath.Dir(path), defaultSocket)
	}
	return c.Admin, nil
}

const defaultSocket = "esmehost.sock"

// complete is the config, if nothing is wrong with it and all its scripts are there.
func (c *Config) complete(wrong diag.List) (*Config, diag.List) {
	for _, d := range c.missing {
		wrong = append(wrong, d)
	}
	if len(wrong) > 0 {
		wrong.Sort()
		return nil, wrong
	}
	return c, nil
}

func loadConfig(path string) (*Config, diag.List) {
	looks := map[string]look{filepath.Clean(path): lookAt(path, time.Now())}
	src, err := os.ReadFile(path)
	if err != nil {
		d := diag.Diagnostic{File: path, Message: "cannot read the configuration: " + pathReason(err)}
		if os.IsNotExist(err) {
			d.Remedy = "name the file, or go to the folder that has it"
		}
		return &Config{Path: path, looks: looks}, diag.List{d}
	}
	c, wrong := parseConfig(path, src, os.LookupEnv)
	maps.Copy(looks, c.looks)
	c.looks = looks
	return c, wrong
}

func pathReason(err error) string {
	if pe, ok := err.(*os.PathError); ok {
		return pe.Err.Error()
	}
	return err.Error()
}

// ParseConfig is LoadConfig of octets. env gives the variables that ${NAME} stands for.
func ParseConfig(path string, src []byte, env func(string) (string, bool)) (*Config, diag.List) {
	c, wrong := parseConfig(path, src, env)
	return c.complete(wrong)
}

// parseConfig returns what can be read even of a configuration that is wrong.
func parseConfig(path string, src []byte, env func(string) (string, bool)) (*Config, diag.List) {
	r := &reader{file: path, src: lineFeeds(src), env: env, looks: map[string]look{}}
	root, ok := r.parse()
	if !ok {
		return &Config{Path: path}, r.wrong
	}
	c := &Config{Path: path, Watch: "auto", Log: Log{Format: "text", Level: "info"}, ShutdownLimit: 30 * time.Second,
		places: map[string]diag.Diagnostic{}, src: r.src, missing: map[string]diag.Diagnostic{}, looks: r.looks}
	dir := filepath.Dir(path)
	c.Scripts = dir
	c.DataDir = filepath.Join(dir, "data")
	c.Admin.Socket = filepath.Join(dir, defaultSocket)
	var defaults *node
	var binds *node
	r.mapping(root, "the configuration", keys{
		"scripts":        func(n *node) { c.Scripts = r.path(n, dir) },
		"data_dir":       func(n *node) { c.DataDir, c.dataDirGiven = r.path(n, dir), true },
		"admin":          func(n *node) { r.admin(n, &c.Admin, dir) },
		"watch":          func(n *node) { c.Watch = r.oneOf(n, "auto", "poll", "off") },
		"defaults":       func(n *node) { defaults = n },
		"binds":          func(n *node) { binds = n },
		"secrets":        func(n *node) { c.secrets = r.secrets(n, dir) },
		"metrics":        r.later,
		"cluster":        r.later,
		"log":            func(n *node) { r.log(n, &c.Log) },
		"shutdown_limit": func(n *node) { c.ShutdownLimit = r.limit(n); c.ShutdownLimit = max(0, c.ShutdownLimit) },
	})
	if st, err := os.Stat(c.Scripts); err != nil || !st.IsDir() {
		r.fail(root.find("scripts"), fmt.Sprintf("the script root %s is no folder", c.Scripts), "")
	}
	if binds == nil {
		r.fail(root, "no binds are configured", "add 'binds:' with at least one bind")
	} else {
		r.binds(binds, defaults, c)
		r.rollouts(c)
	}
	r.wrong.Sort()
	slices.SortFunc(c.Binds, func(a, b BindConfig) int { return cmp.Compare(a.Name, b.Name) })
	return c, r.wrong
}

// Place is where the configuration names the bind's script, for errors that are found later.
func (c *Config) Place(bind string) diag.Diagnostic {
	d := c.places[bind]
	if d.Line > 0 {
		d.Source = shown(c.src, d.Line)
	}
	return d
}

// Bind finds a bind by name.
func (c *Config) Bind(name string) (BindConfig, bool) {
	for i := range c.Binds { // a bind's configuration is large
		if b := &c.Binds[i]; b.Name == name {
			return *b, true
		}
	}
	return BindConfig{}, false
}

func (r *reader) admin(n *node, a *Admin, dir string) {
	var listen *node
	r.mapping(n, "admin", keys{
		"socket": func(n *node) { a.Socket = r.path(n, dir) },
		"listen": func(n *node) {
			listen = n
			a.Listen = r.str(n)
		},
		"token_file": func(n *node) {
			a.TokenFile = r.path(n, dir)
			if _, err := ReadToken(a.TokenFile); err != nil {
				r.fail(n, err.Error(), "")
			}
		},
	})
	if listen == nil {
		return
	}
	host, _, err := net.SplitHostPort(a.Listen)
	ip := net.ParseIP(host)
	switch {
	case err != nil:
		r.fail(listen, "must be host:port", "for instance 127.0.0.1:8775")
	case host != "localhost" && (ip == nil || !ip.IsLoopback()) && a.TokenFile == "":
		r.fail(listen, "is off loopback: whoever reaches it could stop the host", "add token_file: FILE, or listen on 127.0.0.1")
	}
}

func (r *reader) log(n *node, l *Log) {
	r.mapping(n, "log", keys{
		"format": func(n *node) { l.Format = r.oneOf(n, "text", "json") },
		"level":  func(n *node) { l.Level = r.oneOf(n, "debug", "info", "warn", "error") },
	})
}
