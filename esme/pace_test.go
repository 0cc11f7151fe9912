package esme_test

import (
	"context"
	"errors"
	"net"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/esmehost/esmehost/esme"
)

// A thousand binds that start at once begin their connections one after the other, fifty do not wait.
func TestConnectsAreSpread(t *testing.T) {
	for binds, want := range map[int]time.Duration{50: 0, 1000: 1900 * time.Millisecond} {
		synctest.Test(t, func(t *testing.T) {
			began := time.Now()
			var mu sync.Mutex
			var tries []time.Duration
			dialer := &esme.Dialer{DialContext: func(context.Context, string, string) (net.Conn, error) {
				mu.Lock()
				defer mu.Unlock()
				tries = append(tries, time.Since(began))
				return nil, errors.New("nobody")
			}}
			var all sync.WaitGroup
			for range binds {
				c := &esme.Client{Addresses: []string{"smsc:2775"}, Dialer: dialer, Restart: esme.Temporary}
				all.Go(func() { c.Run(context.Background()) })
			}
			all.Wait()
			if took := time.Since(began).Round(time.Millisecond); len(tries) != binds || took != want {
				t.Fatalf("%d tries of %d binds in %v, want %v", len(tries), binds, took, want)
			}
			for i := range tries {
				if i >= 100 && tries[i]-tries[i-100] < 99*time.Millisecond {
					t.Fatalf("a hundred tries within %v", tries[i]-tries[i-100])
				}
			}
		})
	}
}

// A client that is stopped while it waits for its turn ends at once, wherever it stands in the queue.
func TestStopWhileTheConnectWaits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		dialer := &esme.Dialer{ConnectRate: 0.001, DialContext: func(context.Context, string, string) (net.Conn, error) {
			return nil, errors.New("nobody")
		}}
		run := func() *esme.Client {
			c := &esme.Client{Addresses: []string{"smsc:2775"}, Dialer: dialer, Restart: esme.Temporary}
			go c.Run(context.Background())
			return c
		}
		for range 50 {
			run()
		}
		synctest.Wait()
		queue := []*esme.Client{run(), run(), run()}
		synctest.Wait()
		began := time.Now()
		for _, i := range []int{1, 0, 2} {
			c := queue[i]
			if st := c.Status(); st.State != "connecting" {
				t.Fatalf("%d: state %s", i, st.State)
			}
			c.Stop()
			synctest.Wait()
			if st := c.Status(); st.State != "stopped" || time.Since(began) != 0 {
				t.Fatalf("%d: state %s after %v", i, st.State, time.Since(began))
			}
		}
	})
}
