package host

import (
	"context"
	_ "embed" // openapi.yaml
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/esmehost/esmehost/diag"
	"github.com/esmehost/esmehost/esme"
	"github.com/esmehost/esmehost/luabind"
	"github.com/esmehost/esmehost/luabind/vm"
)

// maxRequest bounds the body of an admin request, in octets.
const maxRequest = 1 << 20

// callPath is the route whose answer is up to a script.
const callPath = "/v1/call"

// openAPI describes the routes; a test holds it against them.
//
//go:embed openapi.yaml
var openAPI []byte

// route is one thing that the admin API does. What it returns is answered as JSON; an error as a [Failure].
type route struct {
	method, path string
	params       string // the names of what its query may hold; with a ? those that are true or false
	do           func(r *request) (any, error)
}

// accept says what is wrong with a query: whoever mistypes check=true must not get a reload.
func (r route) accept(query url.Values) error {
	names := strings.Fields(r.params)
	for given, values := range query {
		switch flag := slices.Contains(names, given+"?"); {
		case !flag && !slices.Contains(names, given):
			return errBadRequest(fmt.Sprintf("%s %s has no parameter '%s'; %s", r.method, r.path, given, diag.DidYouMean(given, strings.Fields(strings.ReplaceAll(r.params, "?", "")))))
		case flag && (len(values) != 1 || values[0] != "true" && values[0] != "false"):
			return errBadRequest(fmt.Sprintf("the parameter '%s' must be true or false, is '%s'", given, strings.Join(values, ",")))
		}
	}
	return nil
}

// request is what a client asks.
type request struct {
	ctx   context.Context
	query url.Values
	body  []byte
}

func (r *request) get(name string) string { return r.query.Get(name) }

// data reads the body as the JSON of a message to a bind.
func (r *request) data() (vm.Data, error) {
	d, err := vm.ParseJSON(r.body)
	if err != nil {
		return nil, errBadRequest("the message is no JSON: " + err.Error())
	}
	return d, nil
}

func errBadRequest(message string) error { return &esme.Error{Code: "bad_request", Message: message} }

// Failure is the body of an answer that is no success.
type Failure struct {
	Code    string `json:"code"`
	Message string `json:"message"`
}

// api lists the routes: all that an operator can do to a running host.
func (h *Host) api() []route {
	return []route{
		{"GET", "/v1/binds", "bind label", h.askBinds},
		{"POST", "/v1/start", "bind label", h.unlessStopping(h.askStart)},
		{"POST", "/v1/reload", "script to check? canary for", h.unlessStopping(h.askReload)},
		{"GET", "/v1/history", "script", func(r *request) (any, error) { return h.History(r.get("script")) }},
		{"GET", "/v1/rollouts", "script wait? timeout", h.askRollouts},
		{"POST", "/v1/rollouts", "script do", h.unlessStopping(h.askDecide)},
		{"POST", "/v1/stop", "bind label drain? timeout all?", h.askStop},
		{"POST", "/v1/restart", "bind label timeout", h.unlessStopping(h.askRestart)},
		{"GET", "/v1/plan", "", func(*request) (any, error) { return planned(h.Plan()) }},
		{"POST", "/v1/plan", "timeout", h.unlessStopping(h.askApply)},
		{"POST", callPath, "bind timeout", h.askCall},
		{"POST", "/v1/cast", "bind", h.askTarget(luabind.Target.Cast)},
		{"POST", "/v1/send", "bind", h.askTarget(luabind.Target.Info)},
	}
}

// unlessStopping is what a host that goes down does not do any more.
func (h *Host) unlessStopping(do func(*request) (any, error)) func(*request) (any, error) {
	return func(r *request) (any, error) {
		if h.isStopping() {
			return nil, errStopping
		}
		return do(r)
	}
}

// routes serves the API and its description.
func (h *Host) routes() http.Handler {
	mux := http.NewServeMux()
	for _, r := range h.api() {
		mux.HandleFunc(r.method+" "+r.path, func(w http.ResponseWriter, req *http.Request) {
			body, err := io.ReadAll(http.MaxBytesReader(w, req.Body, maxRequest))
			if err != nil {
				fail(w, errBadRequest(fmt.Sprintf("the body cannot be read (at most %d octets): %v", maxRequest, err)))
				return
			}
			query := req.URL.Query()
			if err := r.accept(query); err != nil {
				fail(w, err)
				return
			}
			v, err := r.do(&request{ctx: req.Context(), query: query, body: body})
			if err != nil {
				fail(w, err)
				return
			}
			w.Header().Set("Content-Type", "application/json")
			json.NewEncoder(w).Encode(v)
		})
	}
	mux.HandleFunc("GET /metrics", h.serveMetrics)
	mux.HandleFunc("GET /v1/openapi.yaml", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/yaml")
		w.Write(openAPI)
	})
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		fail(w, &esme.Error{Code: "not_found", Message: fmt.Sprintf("there is no %s %s; GET /v1/openapi.yaml describes what there is", r.Method, r.URL.Path)})
	})
	return mux
}

func (h *Host) askCall(r *request) (any, error) {
	t, err := h.Target(r.get("bind"))
	if err != nil {
		return nil, err
	}
	d, err := r.data()
	if err != nil {
		return nil, err
	}
	ctx, cancel, err := r.limit(5 * time.Second)
	if err != nil {
		return nil, err
	}
	defer cancel()
	v, err := t.Call(ctx, d)
	if err != nil {
		return nil, err
	}
	j, err := vm.JSON(v)
	return json.RawMessage(j), err
}

// askTarget tells a bind something that nobody waits for.
func (h *Host) askTarget(tell func(t luabind.Target, d vm.Data) error) func(*request) (any, error) {
	return func(r *request) (any, error) {
		t, err := h.Target(r.get("bind"))
		if err != nil {
			return nil, err
		}
		d, err := r.data()
		if err != nil {
			return nil, err
		}
		return "ok", tell(t, d)
	}
}

func (h *Host) askReload(r *request) (any, error) {
	canary, err := r.canary()
	if err != nil {
		return nil, err
	}
	outcomes, wrong, err := h.Reload(r.ctx, ReloadRequest{Script: r.get("script"), To: r.get("to"), Check: r.get("check") == "true", By: "command", Canary: canary})
	if len(wrong) > 0 {
		err = &esme.Error{Code: "refused", Message: wrong.Error()}
	}
	return outcomes, err
}

// failureStatus is the HTTP status of a code; the others are 409.
var failureStatus = map[string]int{"not_found": http.StatusNotFound, "bad_request": http.StatusBadRequest,
	codeUnauthorised: http.StatusUnauthorized, codeForbidden: http.StatusForbidden, codeBusy: http.StatusServiceUnavailable}

func fail(w http.ResponseWriter, err error) {
	f := Failure{Code: "error", Message: err.Error()}
	var e *esme.Error
	if errors.As(err, &e) {
		f = Failure{Code: e.Code, Message: e.Message}
	}
	status, ok := failureStatus[f.Code]
	if !ok {
		status = http.StatusConflict
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	json.NewEncoder(w).Encode(f)
}
