package luabind

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"time"

	lua "github.com/yuin/gopher-lua"

	"github.com/esmehost/esmehost/esme"
	"github.com/esmehost/esmehost/luabind/vm"
)

// Bounds of one request.
const (
	httpTimeout    = 10 * time.Second
	httpMaxTimeout = 5 * time.Minute
	httpMaxBody    = 1 << 20 // of the response, unless told
	httpRedirects  = 5
	httpAtOnce     = 20 // requests of a bind; others wait for their turn
	httpMaxURL     = 64 << 10
	httpMaxHeaders = 16 << 10 // octets of the request's names and values
)

var httpMethods = []string{"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"}

var (
	httpResult = []param{
		{"resp", optional(responseType), "status, headers (names in lower case) and body; any status is a response, no error"},
		fails("not_allowed, timeout, connection, tls, too_large, too_many_redirects, invalid_utf8 (of opts.json), stopped"),
	}
	httpOptions = []param{
		{"headers", optional(tableType), "strings or secrets, by name; together at most 16 KiB. Host, Content-Length and those of the connection are set by the host"},
		{"query", optional(tableType), "parameters behind the URL, by name; together at most 64 KiB"},
		{"auth", optional(options(
			param{"bearer", optional(secretOrString), "a token"},
			param{"user", optional(stringType), "for basic authentication"}, param{"password", optional(secretOrString), "with it"})), "who asks"},
		{"timeout", optional(durationType), "for all of it, the wait for its turn too, at most 5 m; 10 s"},
		{"max_body", optional(integerType), "octets of the response that are read, at most 4 MiB; 1 MiB; a longer one is the error too_large"},
		{"redirects", optional(countType), "how many are followed, at most 5; 0 gives the redirect itself"},
	}
	bodyOptions = []param{{"body", optional(stringType), "octets"}, {"json", optional(tableType), "is written as JSON and becomes the body"}}
)

var httpModule = module{
	Name: "http",
	Doc: "Requests to web servers, from tasks. The bind must be allowed the host: `allow: {http: [api.example.com]}`; an entry may be host, host:port or " +
		"*.example.com; without a port it allows 80 and 443. A redirect leads to allowed hosts only, and secrets do not go to another host. A bind has 20 requests " +
		"at once, more wait for their turn. A request ends with its task: when the session ends, or 30 s after a reload. Certificates are always checked; a name of a * entry may not resolve to a private address, and no " +
		"name to a link-local one, where clouds keep their credentials.",
	Fns: []fn{
		{Name: "get", Where: inTask, Params: []param{{"url", stringType, "http:// or https://"}, {"opts", optional(options(httpOptions...)), "how to ask"}}, Returns: httpResult,
			Doc: "Sends a GET request and waits for the response.",
			Example: `local resp = assert(http.get("https://api.example.com/route", { query = { to = p.source_addr }, timeout = "3s" }))
if resp.status == 200 then log.info("route", assert(json.decode(resp.body))) end`,
			Do: func(c *call) int { return c.http("GET", c.str(1), "", 2) }},
		{Name: "post", Where: inTask,
			Params:  []param{{"url", stringType, "http:// or https://"}, {"body", optional(stringType), "octets; or give opts.json"}, {"opts", optional(options(append(bodyOptions[1:2:2], httpOptions...)...)), "how to ask"}},
			Returns: httpResult, Doc: "Sends a POST request and waits for the response.",
			Example: `local resp = assert(http.post("https://api.example.com/messages", nil, { json = { from = p.source_addr, text = p.text }, auth = { bearer = config.secret("api_key") } }))
assert(resp.status == 200)`,
			Do: func(c *call) int { return c.http("POST", c.str(1), c.str(2), 3) }},
		{Name: "request", Where: inTask,
			Params:  []param{{"request", options(append(append([]param{{"method", optional(oneOf(httpMethods...)), "GET unless there is a body, then POST"}, {"url", stringType, "http:// or https://"}}, bodyOptions...), httpOptions...)...), "the request"}},
			Returns: httpResult, Doc: "Sends any request and waits for the response.",
			Example: `local resp = assert(http.request { method = "PUT", url = "https://api.example.com/members/1", headers = { ["X-Origin"] = esme.name }, json = { active = true } })`,
			Do: func(c *call) int {
				return c.http(lua.LVAsString(c.option(1, "method")), lua.LVAsString(c.option(1, "url")), lua.LVAsString(c.option(1, "body")), 1)
			}},
	},
	Kinds: []*kind{&responseKind},
}

var (
	responseType = tableNamed("a table", "Response")
	responseKind = kind{Name: "Response", Var: "resp", Doc: "What a web server answered: a table.", Fields: []value{
		{Name: "status", Type: integerType, Doc: "The status: 200 and so on. Any is a response, no error."},
		{Name: "headers", Type: luaType{what: "a table", editor: "table<string, string>"}, Doc: "The headers, by their names in lower case; several of one name with commas between."},
		{Name: "body", Type: stringType, Doc: "Octets; uncompressed."},
	}}
)

// http makes the request of the options at n and waits for it.
func (c *call) http(method, target, body string, n int) int {
	if len(target) > httpMaxURL {
		c.raise("the URL has %d octets, at most %d are taken", len(target), httpMaxURL)
	}
	c.charge(len(target) / 8)
	u, err := url.Parse(target)
	if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
		c.raise("'%.80s' is no URL of a web server: https://host/path", target)
	}
	if t, ok := c.option(n, "query").(*lua.LTable); ok {
		q, size := u.Query(), 0
		t.ForEach(func(k, v lua.LValue) {
			text := c.plain("query", k, v)
			if size += len(k.String()) + len(text); size > httpMaxURL {
				c.raise("option 'query' has more than %d octets", httpMaxURL)
			}
			c.charge(8 + len(text)/8)
			q.Set(k.String(), text)
		})
		u.RawQuery = q.Encode()
	}
	header := http.Header{}
	if t, ok := c.option(n, "json").(*lua.LTable); ok {
		w := jsonWriter{c: c}
		if err := w.write(t, "json"); err != nil {
			return c.fail(err)
		}
		if body != "" {
			c.raise("give a body or json, not both")
		}
		body = string(w.out)
		header.Set("Content-Type", "application/json")
	}
	if method == "" {
		method = map[bool]string{true: "GET", false: "POST"}[body == ""]
	}
	header.Set("User-Agent", "esmehost")
	q := httpRequest{bind: c.gen.bind, redirects: httpRedirects, maxBody: httpMaxBody}
	if t, ok := c.option(n, "headers").(*lua.LTable); ok {
		c.headers(t, header, &q)
	}
	if v, ok := c.option(n, "redirects").(lua.LNumber); ok {
		q.redirects = min(int(v), httpRedirects)
	}
	if v, ok := c.option(n, "max_body").(lua.LNumber); ok {
		if v < 0 || v > vm.MaxString {
			c.raise("option 'max_body' must be 0 to %d, is %v", vm.MaxString, v)
		}
		q.maxBody = int64(v)
	}
	timeout := httpTimeout
	if d, ok := duration(c.option(n, "timeout")); ok {
		timeout = min(d, httpMaxTimeout)
	}
	req, err := http.NewRequest(method, u.String(), strings.NewReader(body))
	if err != nil {
		c.raise("%v", err)
	}
	req.Header = header
	if auth, ok := c.option(n, "auth").(*lua.LTable); ok {
		if v := auth.RawGetString("bearer"); v != lua.LNil {
			header.Set("Authorization", "Bearer "+c.fieldValue("auth.bearer", c.reveal(v)))
		} else {
			req.SetBasicAuth(lua.LVAsString(auth.RawGetString("user")), c.reveal(auth.RawGetString("password")))
		}
	}
	var resp *http.Response
	var octets []byte
	c.large(len(body))
	c.wait(timeout, func(ctx context.Context) { resp, octets, err = q.do(ctx, req) })
	if err != nil {
		return c.fail(err)
	}
	c.large(len(octets))
	c.charge(len(octets) / 32)
	t := c.L.NewTable()
	t.RawSetString("status", lua.LNumber(resp.StatusCode))
	t.RawSetString("body", lua.LString(octets))
	headers := c.L.NewTable()
	for name, values := range resp.Header {
		headers.RawSetString(strings.ToLower(name), lua.LString(strings.Join(values, ", ")))
	}
	t.RawSetString("headers", headers)
	return c.push(t)
}

// plain is the text of a value under a key of an option.
func (c *call) plain(option string, k, v lua.LValue) string {
	switch {
	case k.Type() != lua.LTString:
		c.raise("option '%s' must have names as keys, has a %s", option, k.Type())
	case v.Type() == lua.LTNumber || v.Type() == lua.LTBool:
		return v.String()
	case !secretOrString.is(v):
		c.raise("%s.%s must be a string, is %s", option, k.String(), v.Type())
	case option == "query" && secretType.is(v):
		c.raise("%s.%s is a secret: URLs are logged by others, use a header", option, k.String())
	}
	return c.reveal(v)
}

// headers reads the option headers. What the connection lives by is the host's: a script that could set it would
// speak to a server that it was not given, or to one behind it.
func (c *call) headers(t *lua.LTable, header http.Header, q *httpRequest) {
	size := 0
	t.ForEach(func(k, v lua.LValue) {
		name, value := k.String(), c.plain("headers", k, v)
		switch {
		case !headerName.MatchString(name):
			c.raise("headers: '%.40s' is no name of a header", name)
		case connectionHeaders[strings.ToLower(name)] || strings.HasPrefix(strings.ToLower(name), "proxy-"):
			c.raise("headers.%s is set by the host", name)
		}
		c.charge(8 + len(value)/16)
		if size += len(name) + len(value); size > httpMaxHeaders {
			c.raise("option 'headers' has more than %d octets", httpMaxHeaders)
		}
		header.Set(name, c.fieldValue("headers."+name, value))
		if secretType.is(v) {
			q.secrets = append(q.secrets, name)
		}
	})
}

var (
	headerName        = regexp.MustCompile("^[A-Za-z0-9!#$%&'*+.^_`|~-]+$")
	connectionHeaders = map[string]bool{"host": true, "content-length": true, "transfer-encoding": true, "connection": true, "keep-alive": true,
		"te": true, "trailer": true, "upgrade": true, "expect": true, "http2-settings": true}
)

// fieldValue raises for octets that end a header or are not for one. It does not say the value: it may be a secret.
func (c *call) fieldValue(option, value string) string {
	for i := range len(value) {
		if b := value[i]; b < ' ' && b != '\t' || b == 0x7F {
			c.raise("%s has the octet 0x%02X at %d, which no header may have", option, b, i+1)
		}
	}
	return value
}

// httpRequest is one request under the bind's permissions.
type httpRequest struct {
	bind      *Bind
	redirects int
	maxBody   int64
	secrets   []string // headers that no other host may see
}

func (q *httpRequest) do(ctx context.Context, req *http.Request) (*http.Response, []byte, error) {
	if err := q.permit(req.URL); err != nil {
		return nil, nil, err
	}
	select {
	case q.bind.requests <- struct{}{}:
		defer func() { <-q.bind.requests }()
	case <-ctx.Done():
		if errors.Is(ctx.Err(), context.Canceled) {
			return nil, nil, httpError(ctx, ctx.Err())
		}
		return nil, nil, &esme.Error{Code: esme.CodeTimeout, Message: fmt.Sprintf("%d other requests of the bind took all the time", httpAtOnce), Retryable: true}
	}
	client := http.Client{Transport: q, CheckRedirect: func(next *http.Request, via []*http.Request) error {
		switch {
		case q.redirects == 0:
			return http.ErrUseLastResponse
		case len(via) > q.redirects:
			return codeError("too_many_redirects", "more than %d", q.redirects)
		case next.URL.Scheme == "http" && via[0].URL.Scheme == "https":
			return codeError(CodeNotAllowed, "the redirect leads from https to http: %s", next.URL.Redacted())
		}
		if next.URL.Host != via[0].URL.Host {
			next.Header.Del("Authorization")
			for _, name := range q.secrets {
				next.Header.Del(name)
			}
		}
		return q.permit(next.URL)
	}}
	resp, err := client.Do(req.WithContext(context.WithValue(ctx, allowKey{}, q)))
	if err != nil {
		return nil, nil, httpError(ctx, err)
	}
	defer resp.Body.Close()
	octets, err := io.ReadAll(io.LimitReader(resp.Body, q.maxBody+1))
	if err != nil {
		return nil, nil, httpError(ctx, err)
	}
	if int64(len(octets)) > q.maxBody {
		return nil, nil, codeError("too_large", "the response has more than %d octets (option max_body)", q.maxBody)
	}
	return resp, octets, nil
}

// httpError gives a stable code to what went wrong.
func httpError(ctx context.Context, err error) error {
	var own *esme.Error
	if errors.As(err, &own) {
		return own
	}
	var ue *url.Error
	if errors.As(err, &ue) {
		err = ue.Err
	}
	switch {
	case errors.Is(ctx.Err(), context.DeadlineExceeded) || errors.Is(err, context.DeadlineExceeded):
		return &esme.Error{Code: esme.CodeTimeout, Message: "no response in time", Retryable: true}
	case errors.Is(err, context.Canceled):
		return codeError(esme.CodeStopped, "the bind has ended")
	case strings.Contains(err.Error(), "tls:") || strings.Contains(err.Error(), "x509:"):
		return codeError("tls", "%v", err)
	}
	return &esme.Error{Code: "connection", Message: err.Error(), Retryable: true}
}
