package luabind

import (
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/esmehost/esmehost/luabind/vm"
)

// webRig is a bind whose task runs the script's function ask with the URL of a web server over loopback.
func webRig(t *testing.T, s setup, server *httptest.Server, ask string) *rig {
	t.Helper()
	s.options.Allow.HTTP = append(s.options.Allow.HTTP, strings.TrimPrefix(strings.TrimPrefix(server.URL, "http://"), "https://"))
	s.options.Args = &vm.Table{Hash: map[vm.Data]vm.Data{"url": server.URL}}
	s.script = `local url, calls = esme.args.url, 0
		local function ask() ` + ask + ` end
		return { handle_cast = function() assert(esme.spawn(ask)) end }`
	r := bound(t, s)
	t.Cleanup(func() {
		for _, tr := range sharedTransports {
			tr.CloseIdleConnections()
		}
	})
	return r
}

func webServer(t *testing.T, handle http.HandlerFunc) *httptest.Server {
	t.Helper()
	s := httptest.NewServer(handle)
	t.Cleanup(s.Close)
	return s
}

// What a script sends arrives as it is, and what comes back is a table.
func TestHTTPRequests(t *testing.T) {
	server := webServer(t, func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		w.Header().Add("X-Two", "a")
		w.Header().Add("X-Two", "b")
		w.WriteHeader(http.StatusTeapot)
		io.WriteString(w, strings.Join([]string{r.Method, r.URL.String(), r.Header.Get("X-Own"), r.Header.Get("Authorization"), r.Header.Get("Content-Type"),
			r.Host[:9], string(body)}, "|"))
	})
	for ask, want := range map[string]string{
		`local r = assert(http.get(url .. "/p?a=1", { query = { b = "2 &", c = 3 }, headers = { ["X-Own"] = "x" } }))
			log.info(r.status .. " " .. r.headers["x-two"] .. " " .. r.body)`: "418 a, b GET|/p?a=1&b=2+%26&c=3|x|||127.0.0.1|",
		`local r = assert(http.post(url, "octets\0", { auth = { bearer = config.secret("key") } })) log.info(r.body)`:                              "POST|/||Bearer s3cret||127.0.0.1|octets\x00",
		`local r = assert(http.post(url, nil, { json = { a = { 1 } }, auth = { user = "u", password = config.secret("key") } })) log.info(r.body)`: "POST|/||Basic dTpzM2NyZXQ=|application/json|127.0.0.1|{\"a\":[1]}",
		`local r = assert(http.request { url = url, method = "PUT", body = "b", headers = { ["Content-Type"] = "text/plain" } }) log.info(r.body)`: "PUT|/|||text/plain|127.0.0.1|b",
		`local r = assert(http.request { url = url, body = "b" }) log.info(r.body)`:                                                                "POST|/||||127.0.0.1|b",
		`local r, err = http.post(url, nil, { json = { a = "\255" } }) log.info(tostring(r) .. " " .. err.code .. " " .. err.message)`:             "nil invalid_utf8 json.a is no UTF-8 text: use base64 or hex for octets",
	} {
		r := webRig(t, setup{options: Options{Allow: Allow{Secrets: map[string]string{"key": "s3cret"}}}}, server, ask)
		r.cast(nil)
		r.expect(want)
	}
}

// A mistake raises, before anything is sent; nothing of a header can be made to end it, or the request.
func TestHTTPMistakes(t *testing.T) {
	asked := atomic.Int32{}
	server := webServer(t, func(http.ResponseWriter, *http.Request) { asked.Add(1) })
	for ask, want := range map[string]string{
		`http.get("ftp://example.com/")`:                                            "'ftp://example.com/' is no URL of a web server",
		`http.get("no url")`:                                                        "is no URL of a web server",
		`http.get(url, { headers = { ["A\r\nB"] = "x" } })`:                         "is no name of a header",
		`http.get(url, { headers = { ["A B"] = "x" } })`:                            "'A B' is no name of a header",
		`http.get(url, { headers = { A = "x\r\nHost: other" } })`:                   "headers.A has the octet 0x0D at 2",
		`http.get(url, { headers = { A = "x\0" } })`:                                "headers.A has the octet 0x00 at 2",
		`http.get(url, { headers = { A = config.secret("lines") } })`:               "headers.A has the octet 0x0A at 4",
		`http.get(url, { auth = { bearer = "a\nb" } })`:                             "auth.bearer has the octet 0x0A at 2",
		`http.get(url, { headers = { Host = "other" } })`:                           "headers.Host is set by the host",
		`http.get(url, { headers = { hOST = "other" } })`:                           "headers.hOST is set by the host",
		`http.get(url, { headers = { ["Content-Length"] = "0" } })`:                 "headers.Content-Length is set by the host",
		`http.get(url, { headers = { ["Transfer-Encoding"] = "chunked" } })`:        "is set by the host",
		`http.get(url, { headers = { Connection = "upgrade" } })`:                   "is set by the host",
		`http.get(url, { headers = { ["Proxy-Authorization"] = "x" } })`:            "is set by the host",
		`http.get(url, { headers = { A = ("x"):rep(20000) } })`:                     "more than 16384 octets",
		`http.get(url, { headers = { "x" } })`:                                      "must have names as keys",
		`http.get(url, { headers = { A = {} } })`:                                   "headers.A must be a string, is table",
		`http.get(url, { query = { k = config.secret("lines") } })`:                 "is a secret: URLs are logged by others",
		`http.get(url, { tiemout = 1 })`:                                            "unknown option 'tiemout'; did you mean 'timeout'?",
		`http.get(url, { max_body = 1e9 })`:                                         "option 'max_body' must be 0 to",
		`http.request { url = url, method = "CONNECT" }`:                            `option 'method' must be one of "GET", "HEAD"`,
		`http.request { url = url, method = "GET /x HTTP/1.1\r\nA: b\r\n\r\nGET" }`: "option 'method' must be one of",
		`http.post(url, "a", { json = {} })`:                                        "give a body or json, not both",
		`http.get(url, { headers = { A = config.secret("other") } })`:               "the secret 'other' is not given to the bind",
	} {
		r := webRig(t, setup{options: Options{Allow: Allow{Secrets: map[string]string{"lines": "abc\ndef"}}}}, server, ask)
		r.cast(nil)
		if got := r.expect("script error"); !strings.Contains(got, want) || strings.Contains(got, "def") {
			t.Errorf("%s:\ngot  %s\nwant %s", ask, got, want)
		}
	}
	r := webRig(t, setup{}, server, "")
	r.reload(`return { handle_cast = function() http.get("http://127.0.0.1/") end }`)
	r.cast(nil)
	r.expect("script error error=s.lua:1: http.get: waits, and callbacks must not: use esme.spawn")
	if n := asked.Load(); n != 0 {
		t.Errorf("%d requests were sent", n)
	}
}

// The server is asked only if it is allowed, however the request gets there; no other host sees a secret.
func TestHTTPAllowList(t *testing.T) {
	asked := atomic.Int32{}
	other := webServer(t, func(w http.ResponseWriter, r *http.Request) {
		asked.Add(1)
		io.WriteString(w, r.Header.Get("X-Key")+r.Header.Get("Authorization")+"|"+r.Header.Get("X-Open"))
	})
	server := webServer(t, func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/there":
			http.Redirect(w, r, other.URL+"/x", http.StatusTemporaryRedirect)
		case "/file":
			http.Redirect(w, r, "file:///etc/passwd", http.StatusFound)
		case "/round":
			http.Redirect(w, r, "/round", http.StatusFound)
		case "/back":
			http.Redirect(w, r, "/key", http.StatusFound)
		default:
			io.WriteString(w, r.Header.Get("X-Key"))
		}
	})
	say := func(call string) string {
		return `local r, err = ` + call + ` log.info(err and err.code .. ": " .. err.message or r.status .. " " .. r.body)`
	}
	options := Options{Allow: Allow{Secrets: map[string]string{"key": "s3cret"}}}
	const secret = `headers = { ["X-Key"] = config.secret("key"), ["X-Open"] = "open" }, auth = { bearer = config.secret("key") }`
	for ask, want := range map[string]string{
		say(`http.get("` + other.URL + `")`):                      "not_allowed: test may not reach " + strings.TrimPrefix(other.URL, "http://") + " (option allow.http)",
		say(`http.get("http://localhost:" .. url:match("%d+$"))`): "not_allowed: test may not reach localhost",
		say(`http.get("http://127.0.0.1/")`):                      "not_allowed: test may not reach 127.0.0.1 (",
		say(`http.get("http://127.0.0.1:1@169.254.169.254/")`):    "not_allowed: test may not reach 169.254.169.254",
		say(`http.get(url .. "/there", {` + secret + `})`):        "not_allowed: test may not reach",
		say(`http.get(url .. "/there", { redirects = 0 })`):       "307 ",
		say(`http.get(url .. "/file")`):                           "not_allowed: 'file' is neither http nor https",
		say(`http.get(url .. "/round")`):                          "too_many_redirects: more than 5",
		say(`http.get(url .. "/round", { redirects = 2 })`):       "too_many_redirects: more than 2",
		say(`http.get(url .. "/back", {` + secret + `})`):         "200 s3cret",
	} {
		r := webRig(t, setup{options: options}, server, ask)
		r.cast(nil)
		r.expect(want)
	}
	if n := asked.Load(); n != 0 {
		t.Errorf("the other host was asked %d times", n)
	}
	options.Allow.HTTP = []string{strings.TrimPrefix(other.URL, "http://")}
	r := webRig(t, setup{options: options}, server, say(`http.get(url .. "/there", {`+secret+`})`))
	r.cast(nil)
	r.expect("200 |open")
}

// The names that an entry allows, and the addresses that a name may stand for.
func TestHTTPEntries(t *testing.T) {
	for _, tt := range []struct {
		entry, host, port string
		want              bool
	}{
		{"api.example.com", "api.example.com", "443", true}, {"api.example.com", "API.example.COM.", "80", true}, {"api.example.com", "api.example.com", "8443", false},
		{"api.example.com:8443", "api.example.com", "8443", true}, {"api.example.com:8443", "api.example.com", "443", false},
		{"*.example.com", "a.example.com", "443", true}, {"*.example.com", "example.com", "443", false}, {"*.example.com", "evilexample.com", "443", false},
		{"*.example.com", "a.example.com.evil.org", "443", false}, {"api.example.com", "xapi.example.com", "443", false}, {"*", "anything.org", "443", false}, {"[::1]:80", "::1", "80", true},
	} {
		if _, ok := allowedHost([]string{tt.entry}, tt.host, tt.port); ok != tt.want {
			t.Errorf("%s allows %s:%s: %v", tt.entry, tt.host, tt.port, ok)
		}
	}
	for _, tt := range []struct {
		entry, host, addr string
		want              bool
	}{
		{"api.example.com", "api.example.com", "203.0.113.9", true}, {"api.example.com", "api.example.com", "10.0.0.1", true}, {"*.example.com", "a.example.com", "10.0.0.1", false},
		{"*.example.com", "a.example.com", "fd00::1", false}, {"api.example.com", "api.example.com", "169.254.169.254", false}, {"api.example.com", "api.example.com", "127.0.0.1", false},
		{"api.example.com", "api.example.com", "::1", false}, {"localhost", "localhost", "127.0.0.1", true}, {"10.0.0.1", "10.0.0.1", "10.0.0.1", true},
		{"169.254.169.254", "169.254.169.254", "169.254.169.254", true}, {"api.example.com", "api.example.com", "0.0.0.0", false}, {"api.example.com", "api.example.com", "224.0.0.1", false},
	} {
		if err := mayDial(tt.entry, tt.host, netip.MustParseAddr(tt.addr)); (err == nil) != tt.want {
			t.Errorf("%s by %s at %s: %v", tt.host, tt.entry, tt.addr, err)
		}
	}
}

// Each way in which a request fails has its code, and nothing is held that is too large.
func TestHTTPFailures(t *testing.T) {
	gone := make(chan struct{}, 10)
	handle := func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/hang":
			<-r.Context().Done()
			gone <- struct{}{}
		case "/drip": // the headers come, the body does not
			w.Write([]byte("x"))
			w.(http.Flusher).Flush()
			<-r.Context().Done()
			gone <- struct{}{}
		case "/cut":
			w.Header().Set("Content-Length", "100")
			w.Write([]byte("x"))
		case "/headers":
			w.Header().Set("X", strings.Repeat("x", 100_000))
		case "/endless":
			for _, err := w.Write(make([]byte, 64<<10)); err == nil; _, err = w.Write(make([]byte, 64<<10)) {
			}
		default:
			io.WriteString(w, strings.Repeat("x", 100))
		}
	}
	server := webServer(t, handle)
	secure := httptest.NewUnstartedServer(http.HandlerFunc(handle))
	secure.Config.ErrorLog = log.New(io.Discard, "", 0) // it says what the client refused
	secure.StartTLS()
	t.Cleanup(secure.Close)
	closed := webServer(t, handle)
	closed.Close()
	for _, tt := range []struct {
		server     *httptest.Server
		path, opts string
		want       string
	}{
		{server, "/", "max_body = 100", "200 100"},
		{server, "/", "max_body = 99", "too_large false the response has more than 99 octets (option max_body)"},
		{server, "/endless", "", "too_large false"},
		{server, "/headers", "", "connection true"},
		{server, "/cut", "", "connection true unexpected EOF"},
		{server, "/hang", `timeout = "30ms"`, "timeout true no response in time"},
		{server, "/drip", `timeout = "30ms"`, "timeout true no response in time"},
		{secure, "/", "", "tls false"},
		{closed, "/", "", "connection true"},
	} {
		r := webRig(t, setup{}, tt.server, `local r, err = http.get(url .. "`+tt.path+`", { `+tt.opts+` })
			log.info(r and r.status .. " " .. #r.body or err.code .. " " .. tostring(err.retryable) .. " " .. err.message)`)
		r.cast(nil)
		r.expect(tt.want)
	}
	<-gone
	<-gone
}

// A bind has 20 requests at once; more wait for their turn, and for the time that they were given.
func TestHTTPAtOnce(t *testing.T) {
	var mu sync.Mutex
	now, most := 0, 0
	in, open := make(chan struct{}, 100), make(chan struct{})
	server := webServer(t, func(http.ResponseWriter, *http.Request) {
		mu.Lock()
		now++
		most = max(most, now)
		mu.Unlock()
		in <- struct{}{}
		<-open
		mu.Lock()
		now--
		mu.Unlock()
	})
	r := webRig(t, setup{}, server, `
		calls = calls + 1
		if calls == 2 then
			local _, err = http.get(url, { timeout = "10ms" })
			log.info(err.code .. " " .. err.message)
			return
		end
		local done = 0
		for i = 1, 30 do
			assert(esme.spawn(function()
				assert(http.get(url))
				done = done + 1
				if done == 30 then log.info("all") end
			end))
		end`)
	r.cast(nil)
	for range httpAtOnce {
		<-in
	}
	r.cast(nil)
	r.expect("timeout 20 other requests of the bind took all the time")
	close(open)
	r.expect("all")
	if most != httpAtOnce {
		t.Errorf("%d at once", most)
	}
}

// A request ends with its task: with the session, or some time after a reload.
func TestHTTPEndsWithItsTask(t *testing.T) {
	in, gone := make(chan struct{}, 10), make(chan struct{}, 10)
	server := webServer(t, func(_ http.ResponseWriter, r *http.Request) {
		in <- struct{}{}
		<-r.Context().Done()
		gone <- struct{}{}
	})
	r := webRig(t, setup{}, server, `http.get(url)`)
	r.cast(nil)
	<-in
	r.peer.conn.Close()
	<-r.exit
	<-gone

	r = webRig(t, setup{options: Options{OldTasks: time.Millisecond}}, server, `http.get(url)`)
	r.cast(nil)
	<-in
	r.reload(`return { handle_info = function() end }`)
	<-gone
	if len(r.bind.requests) > 0 { // the place is given back when the task has ended
		r.bind.requests <- struct{}{}
	}
}
