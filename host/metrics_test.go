package host

import (
	"io"
	"net/http/httptest"
	"strings"
	"testing"
)

// What a bind runs is a metric; the series of what it ran before is gone.
func TestMetricsSayWhatRuns(t *testing.T) {
	w := newWorldOf(t, map[string]string{"s.lua": say("one", "")}, threeBinds)
	asked := func() string {
		rec := httptest.NewRecorder()
		w.host.routes().ServeHTTP(rec, httptest.NewRequest("GET", "/metrics", nil))
		body, err := io.ReadAll(rec.Result().Body)
		if err != nil {
			t.Fatal(err)
		}
		return string(body)
	}
	if got, want := asked(), `esmehost_bind_info{bind="a",script="s.lua",generation="1",hash="`+short(w.status("a").Hash)+`"} 1`+"\n"; !strings.Contains(got, want) {
		t.Errorf("%s\ngot\n%s", want, got)
	}
	w.save("s.lua", say("two", "c"))
	w.reload(ReloadRequest{})
	got := asked()
	for bind, generation := range map[string]string{"a": "2", "b": "2", "c": "1"} {
		want := `esmehost_bind_info{bind="` + bind + `",script="s.lua",generation="` + generation + `",hash="` + short(w.status(bind).Hash) + `"} 1` + "\n"
		if !strings.Contains(got, want) || strings.Count(got, `bind="`+bind+`"`) != 1 {
			t.Errorf("%s\ngot\n%s", want, got)
		}
	}
	refused := w.host.script("s.lua").disk
	w.log.expect(t, "reload refused", "refused="+short(refused), "hash=")
}
