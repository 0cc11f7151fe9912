package host

import (
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"
	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/esmehost/esmehost/esme"
)

type document struct {
	Paths map[string]map[string]struct {
		Parameters []map[string]any
	}
	Components struct {
		Parameters map[string]map[string]any
		Schemas    map[string]struct{ Properties map[string]any }
	}
}

// The description names each route that there is, none that there is not, and each field of the answers.
func TestOpenAPI(t *testing.T) {
	var doc document
	if err := yaml.Unmarshal(openAPI, &doc); err != nil {
		t.Fatal(err)
	}
	var described, served []string
	for path, methods := range doc.Paths {
		for method := range methods {
			described = append(described, strings.ToUpper(method)+" "+path)
		}
	}
	for _, r := range new(Host).api() {
		served = append(served, r.method+" "+r.path)
		var params []string
		for _, p := range doc.Paths[r.path][strings.ToLower(r.method)].Parameters {
			if ref, ok := p["$ref"].(string); ok {
				p = doc.Components.Parameters[ref[strings.LastIndex(ref, "/")+1:]]
			}
			name := p["name"].(string)
			if p["schema"].(map[string]any)["type"] == "boolean" {
				name += "?"
			}
			params = append(params, name)
		}
		if d := cmp.Diff(strings.Fields(r.params), params, cmpopts.SortSlices(strings.Compare), cmpopts.EquateEmpty()); d != "" {
			t.Errorf("%s %s takes -, described +\n%s", r.method, r.path, d)
		}
	}
	served = append(served, "GET /metrics", "GET /v1/openapi.yaml") // which are no JSON
	slices.Sort(described)
	slices.Sort(served)
	if d := cmp.Diff(served, described); d != "" {
		t.Errorf("served -, described +\n%s", d)
	}
	for name, v := range map[string]any{"Failure": Failure{}, "Outcome": Outcome{}, "Status": Status{}, "Counters": esme.Counters{},
		"ScriptHistory": ScriptHistory{}, "VersionDiff": VersionDiff{}, "Change": Change{}, "Step": Step{}, "Rollout": Rollout{}, "Group": Group{}} {
		var fields, told []string
		for _, f := range reflect.VisibleFields(reflect.TypeOf(v)) {
			if tag, _, _ := strings.Cut(f.Tag.Get("json"), ","); tag != "" {
				fields = append(fields, tag)
			}
		}
		for p := range doc.Components.Schemas[name].Properties {
			told = append(told, p)
		}
		slices.Sort(fields)
		slices.Sort(told)
		if d := cmp.Diff(fields, told); d != "" {
			t.Errorf("%s: in Go -, described +\n%s", name, d)
		}
	}
}

// token is long enough.
const token = "0123456789abcdef"

func tokenFile(t *testing.T, token string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "token")
	if err := os.WriteFile(path, []byte(token+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestGuard(t *testing.T) {
	for _, tt := range []struct {
		name          string
		tokenFile     bool
		socket        bool
		host, origin  string
		authorization string
		want          int
	}{
		{name: "loopback without a token", host: "127.0.0.1:8775", want: 200},
		{name: "localhost without a token", host: "localhost:8775", want: 200},
		{name: "IPv6 without a token", host: "[::1]:8775", want: 200},
		{name: "a name that leads here", host: "evil.example:8775", want: 403},
		{name: "a page of another origin", host: "127.0.0.1:8775", origin: "https://evil.example", want: 403},
		{name: "the right token", tokenFile: true, host: "smsc.example", authorization: "Bearer " + token, want: 200},
		{name: "no token", tokenFile: true, host: "127.0.0.1:8775", want: 401},
		{name: "a wrong token", tokenFile: true, host: "127.0.0.1:8775", authorization: "Bearer 0123456789abcdeX", want: 401},
		{name: "the start of the token", tokenFile: true, host: "127.0.0.1:8775", authorization: "Bearer 0123456789abcde", want: 401},
		{name: "another scheme", tokenFile: true, host: "127.0.0.1:8775", authorization: "Basic " + token, want: 401},
		{name: "the socket needs none", tokenFile: true, socket: true, host: "localhost", want: 200},
	} {
		t.Run(tt.name, func(t *testing.T) {
			cfg := Admin{}
			if tt.tokenFile {
				cfg.TokenFile = tokenFile(t, token)
			}
			log := newLines()
			g, err := newGuard(cfg, slog.New(slog.NewTextHandler(log, nil)))
			if err != nil {
				t.Fatal(err)
			}
			r := httptest.NewRequest("POST", "http://x/v1/stop?bind=acme", nil)
			r = r.WithContext(context.WithValue(r.Context(), viaSocket{}, tt.socket))
			r.Host = tt.host
			if tt.origin != "" {
				r.Header.Set("Origin", tt.origin)
			}
			if tt.authorization != "" {
				r.Header.Set("Authorization", tt.authorization)
			}
			w := httptest.NewRecorder()
			g.guard(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {})).ServeHTTP(w, r)
			if w.Code != tt.want {
				t.Errorf("%d %s, want %d", w.Code, w.Body, tt.want)
			}
			if tt.want == 200 { // each change leaves a line
				log.expect(t, `msg="admin request"`, "path=/v1/stop", "query.bind=acme", "status=200")
			} else {
				log.expect(t, `msg="admin request refused"`, "path=/v1/stop")
			}
			if text := log.String(); strings.Contains(text, token) {
				t.Errorf("the log has the token: %s", text)
			}
		})
	}
}

// The line of a change is written whatever log.level says, and what the client names cannot pass for what the host says.
func TestAudit(t *testing.T) {
	log := newLines()
	g, err := newGuard(Admin{}, slog.New(slog.NewJSONHandler(log, &slog.HandlerOptions{Level: slog.LevelError})))
	if err != nil {
		t.Fatal(err)
	}
	refuse := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNotFound) })
	r := httptest.NewRequest("POST", "http://localhost/v1/start?bind=b1&bind=b2&status=999&from=root&msg=hacked&time=1970&level=no", nil)
	r.RemoteAddr = "127.0.0.1:1"
	g.guard(refuse).ServeHTTP(httptest.NewRecorder(), r)
	text := log.String()
	host, _, _ := strings.Cut(text, `"query":`)
	for _, key := range []string{"time", "level", "msg", "path", "from", "status"} {
		if n := strings.Count(host, `"`+key+`":`); n != 1 {
			t.Errorf("%d times %s: %s", n, key, text)
		}
	}
	if !strings.HasSuffix(text, "}}\n") {
		t.Errorf("the query is not the last: %s", text)
	}
	var line struct {
		Msg, From string
		Status    int
		Query     map[string]string
	}
	if err := json.Unmarshal([]byte(text), &line); err != nil {
		t.Fatal(err)
	}
	want := line
	want.Msg, want.From, want.Status = "admin request", "127.0.0.1:1", 404
	want.Query = map[string]string{"bind": "b1,b2", "status": "999", "from": "root", "msg": "hacked", "time": "1970", "level": "no"}
	if d := cmp.Diff(want, line); d != "" {
		t.Errorf("%s\n%s", d, text)
	}
}

// More requests of a kind at once than are worked on: the others are told so. Those of another kind are not.
func TestGuardIsBounded(t *testing.T) {
	g, err := newGuard(Admin{}, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	inside, leave := make(chan struct{}), make(chan struct{})
	api := g.guard(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { inside <- struct{}{}; <-leave }))
	ask := func(method, path string) int {
		w := httptest.NewRecorder()
		api.ServeHTTP(w, httptest.NewRequest(method, "http://localhost"+path, nil))
		return w.Code
	}
	kinds := [][2]string{{"POST", "/v1/call"}, {"POST", "/v1/stop"}, {"GET", "/v1/binds"}, {"GET", "/v1/rollouts?wait=true"}}
	codes := make(chan int, len(kinds)*maxRequests)
	for _, k := range kinds {
		for range maxRequests {
			go func() { codes <- ask(k[0], k[1]) }()
			select {
			case <-inside:
			case c := <-codes:
				t.Fatalf("%v: %d", k, c)
			}
		}
		if c := ask(k[0], k[1]); c != http.StatusServiceUnavailable {
			t.Errorf("one more of %v: %d", k, c)
		}
	}
	close(leave)
	for range len(kinds) * maxRequests {
		if c := <-codes; c != http.StatusOK {
			t.Errorf("one that was inside: %d", c)
		}
	}
}

// The API over real sockets: what is no route, too long a body, and what describes it.
func TestAdminAPI(t *testing.T) {
	w := newWorld(t, map[string]string{"echo.lua": "local M = { version = 1 }\nfunction M.handle_call(r) return 'reply', r end\nreturn M\n"}, "")
	w.log.expect(t, "msg=bound")
	client := &http.Client{Transport: &http.Transport{DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return (&net.Dialer{}).DialContext(ctx, "unix", w.host.config().Admin.Socket)
	}}}
	t.Cleanup(client.CloseIdleConnections)
	for _, tt := range []struct {
		method, path, body string
		status             int
		want               string
	}{
		{"GET", "/v1/openapi.yaml", "", 200, "openapi: 3.1.0"},
		{"GET", "/v1/binds", "", 200, `"name":"echo"`},
		{"GET", "/v1/nothing", "", 404, "there is no GET /v1/nothing; GET /v1/openapi.yaml describes what there is"},
		{"POST", "/v1/call?bind=echo", `{"a":[1,2]}`, 200, `{"a":[1,2]}`},
		{"POST", "/v1/call?bind=echo&timeout=soon", `1`, 400, "timeout 'soon' is no duration such as 5s"},
		{"POST", "/v1/reload?scrip=echo.lua", "", 400, "POST /v1/reload has no parameter 'scrip'; did you mean 'script'?"},
		{"POST", "/v1/reload?check=1", "", 400, "the parameter 'check' must be true or false, is '1'"},
		{"POST", "/v1/reload?check=true&check=false", "", 400, "must be true or false, is 'true,false'"},
		{"GET", "/v1/plan?apply=true", "", 400, "GET /v1/plan has no parameter 'apply'"},
		{"POST", "/v1/reload?check=true&script=echo.lua", "", 200, "unchanged"},
		{"POST", "/v1/call?bind=echo", `{`, 400, "the message is no JSON"},
		{"POST", "/v1/call?bind=ecco", `1`, 404, "there is no bind 'ecco'; did you mean 'echo'?"},
		{"POST", "/v1/cast?bind=echo", strings.Repeat(" ", maxRequest) + "1", 400, "at most 1048576 octets"},
	} {
		req, err := http.NewRequest(tt.method, "http://localhost"+tt.path, strings.NewReader(tt.body))
		if err != nil {
			t.Fatal(err)
		}
		resp, err := client.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		body, _ := io.ReadAll(resp.Body)
		resp.Body.Close()
		if resp.StatusCode != tt.status || !strings.Contains(string(body), tt.want) {
			t.Errorf("%s %s: %d %s\nwant %d %s", tt.method, tt.path, resp.StatusCode, body, tt.status, tt.want)
		}
	}
}

func TestTokens(t *testing.T) {
	for _, tt := range []struct{ content, want string }{
		{"0123456789abcde", "has 15 octets, must have at least 16"},
		{"", "has 0 octets"},
		{token + "\nnotes", ""},
	} {
		_, err := ReadToken(tokenFile(t, tt.content))
		if tt.want == "" != (err == nil) || err != nil && !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%q: %v", tt.content, err)
		}
	}
	if _, err := ReadToken("/nowhere/token"); err == nil {
		t.Error("no file, no error")
	}
}

func save(t *testing.T, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

func discardLog(Log) *slog.Logger { return slog.New(slog.DiscardHandler) }
