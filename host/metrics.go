package host

import (
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"

	"github.com/esmehost/esmehost/luabind"
)

// bindInfo says which code each bind runs. Its series are of this moment: that of a generation goes when the next one comes.
const bindInfo = "esmehost_bind_info"

// serveMetrics answers with what the binds run and what their scripts count, in Prometheus' text format.
func (h *Host) serveMetrics(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "text/plain; version=0.0.4; charset=utf-8")
	io.WriteString(w, h.bindInfos())
	h.metrics.WriteTo(w)
}

func (h *Host) bindInfos() string {
	var b strings.Builder
	fmt.Fprintf(&b, "# HELP %s The code that a bind runs.\n# TYPE %s gauge\n", bindInfo, bindInfo)
	for _, bind := range h.all() {
		i := bind.lua.Info()
		fmt.Fprintf(&b, "%s{%s,%s,%s,%s} 1\n", bindInfo, luabind.Label("bind", bind.cfg.Name), luabind.Label("script", i.Script),
			luabind.Label("generation", strconv.Itoa(i.Generation)), luabind.Label("hash", short(i.Hash)))
	}
	return b.String()
}
