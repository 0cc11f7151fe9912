package faults

import (
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	toxiproxy "github.com/Shopify/toxiproxy/v2"
	"github.com/rs/zerolog"
)

// fault is something that happens to a connection, or to all that go through a proxy.
type fault struct {
	name  string
	toxic string // as toxiproxy writes it; the stream is added. Empty: the proxy is shut and opened again
}

// faults draws one.
func draw(r *rand.Rand) fault {
	all := []fault{
		{"latency", fmt.Sprintf(`"type": "latency", "attributes": {"latency": %d, "jitter": %d}`, 1+r.IntN(80), r.IntN(40))},
		{"bandwidth", fmt.Sprintf(`"type": "bandwidth", "attributes": {"rate": %d}`, 1+r.IntN(64))},
		{"pieces", fmt.Sprintf(`"type": "slicer", "attributes": {"average_size": %d, "size_variation": 3, "delay": 10}`, 4+r.IntN(60))},
		{"cut", fmt.Sprintf(`"type": "limit_data", "attributes": {"bytes": %d}`, r.IntN(40_000))},
		{"reset", fmt.Sprintf(`"type": "reset_peer", "attributes": {"timeout": %d}`, r.IntN(50))},
		{"half-open", `"type": "timeout", "attributes": {"timeout": 0}`},
		{"shut", ""},
	}
	return all[r.IntN(len(all))]
}

// proxies stand between binds and the SMSC.
type proxies struct {
	t   *testing.T
	all []*toxiproxy.Proxy
}

func newProxies(t *testing.T, n int, upstream string) *proxies {
	t.Helper()
	p := &proxies{t: t}
	server := toxiproxy.NewServer(toxiproxy.NewMetricsContainer(nil), zerolog.New(io.Discard))
	for i := range n {
		proxy := toxiproxy.NewProxy(server, fmt.Sprint(i), "127.0.0.1:0", upstream)
		if err := proxy.Start(); err != nil {
			t.Fatal(err)
		}
		p.all = append(p.all, proxy)
	}
	return p
}

// trouble makes faults at random times until ctx ends, and then sees that there is none left.
func (p *proxies) trouble(ctx context.Context, i int, r *rand.Rand, happened map[string]int) {
	proxy := p.all[i]
	wait := func(most time.Duration) bool {
		select {
		case <-time.After(time.Duration(r.Int64N(int64(most)))):
			return true
		case <-ctx.Done():
			return false
		}
	}
	for n := 0; wait(300 * time.Millisecond); n++ {
		f := draw(r)
		happened[f.name]++
		if f.toxic == "" {
			proxy.Stop()
			wait(200 * time.Millisecond)
			p.open(i)
			continue
		}
		name := fmt.Sprint("t", n)
		stream := []string{"upstream", "downstream"}[r.IntN(2)]
		happened[f.name+" "+stream]++
		if _, err := proxy.Toxics.AddToxicJson(strings.NewReader(fmt.Sprintf(`{"name": %q, "stream": %q, %s}`, name, stream, f.toxic))); err != nil {
			p.t.Error(err)
			return
		}
		wait(time.Second)
		if err := proxy.Toxics.RemoveToxic(context.Background(), name); err != nil {
			p.t.Error(err)
			return
		}
	}
}

// open starts a proxy again. Its port was free a moment ago; another program can have taken it.
func (p *proxies) open(i int) {
	if err := p.all[i].Start(); err != nil {
		p.t.Errorf("the proxy's port is gone: %v", err)
	}
}
