package faults

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/esmehost/esmehost/esme"
	"github.com/esmehost/esmehost/pdu"
)

// page is what is written of one request.
type page struct {
	results int           // send results
	refused *esme.Error   // ... if it was an error
	ends    []string      // responses, timeouts, losses
	waited  bool          // somebody waited for it; then there are no send results
	far     esme.Written  // of an error that who waited got
	sent    time.Duration // since the start, for the failure's message
}

// books has a page for each request that a bind accepted, by its number, which is its destination address; and
// the SMSC's own list of what it saw.
type books struct {
	name  string
	start time.Time

	mu       sync.Mutex
	pages    map[string]*page
	open     int // pages without an end
	settled  *sync.Cond
	seen     map[string]int // by the SMSC
	handled  map[string]int // messages to the ESME
	wrong    []string
	sessions int
	stops    int
	figures  map[string]int
}

func newBooks(name string) *books {
	b := &books{name: name, start: time.Now(), pages: map[string]*page{}, seen: map[string]int{}, handled: map[string]int{}, figures: map[string]int{}}
	b.settled = sync.NewCond(&b.mu)
	return b
}

// accept opens a page before the request is given away: its end may be there before Send returns.
func (b *books) accept(id string, waited bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.pages[id] = &page{waited: waited, sent: time.Since(b.start)}
	b.open++
}

// refuse tears the page out: it was not accepted.
func (b *books) refuse(id string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if p := b.pages[id]; p.results > 0 || len(p.ends) > 0 {
		b.wrong = append(b.wrong, fmt.Sprintf("%s was refused, and has %d results and the ends %v", id, p.results, p.ends))
	}
	delete(b.pages, id)
	b.open--
	b.settled.Broadcast()
}

func (b *books) write(p *pdu.PDU, kind string, err error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	id := p.Str(pdu.FieldDestinationAddr)
	pg := b.pages[id]
	if pg == nil {
		b.wrong = append(b.wrong, fmt.Sprintf("%s %s: nobody accepted that", kind, id))
		return
	}
	if kind == "result" {
		pg.results++
		if err == nil {
			return
		}
		errors.As(err, &pg.refused)
		kind = "refused"
	}
	b.end(pg, kind)
}

func (b *books) end(pg *page, kind string) {
	pg.ends = append(pg.ends, kind)
	b.figures[kind]++
	b.open--
	b.settled.Broadcast()
}

// answered ends the page of a request that somebody waited for.
func (b *books) answered(id string, err error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	pg := b.pages[id]
	kind := "waiter answered"
	var e *esme.Error
	if errors.As(err, &e) {
		kind, pg.far = "waiter "+e.Code, e.Written
	}
	b.end(pg, kind)
}

// saw is the SMSC's word that the request came.
func (b *books) saw(id string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.seen[id]++
}

// balance waits until every page has its end.
func (b *books) balance() {
	b.mu.Lock()
	defer b.mu.Unlock()
	for b.open > 0 {
		b.settled.Wait()
	}
}

// audit reads all pages and says what is wrong.
func (b *books) audit(t *testing.T) {
	t.Helper()
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, w := range b.wrong {
		t.Errorf("%s: %s", b.name, w)
	}
	if b.stops != b.sessions {
		t.Errorf("%s: %d sessions, %d stops", b.name, b.sessions, b.stops)
	}
	for id, pg := range b.pages {
		wrong := ""
		far := pg.far
		if pg.refused != nil {
			far = pg.refused.Written
		}
		switch {
		case len(pg.ends) != 1:
			wrong = "has not one end"
		case !pg.waited && pg.results != 1:
			wrong = "has not one send result"
		case pg.waited && pg.results != 0:
			wrong = "has send results, and somebody waited"
		case b.seen[id] > 1:
			wrong = "went out twice"
		case far == esme.WrittenNever && b.seen[id] > 0:
			wrong = "never left, it is said"
		case strings.HasSuffix(pg.ends[0], "answered") && b.seen[id] == 0:
			wrong = "is answered by nobody"
		}
		if wrong != "" {
			t.Errorf("%s: %s (sent after %v) %s: %d results, ends %v, error %v, seen %d times by the SMSC",
				b.name, id, pg.sent, wrong, pg.results, pg.ends, pg.refused, b.seen[id])
		}
	}
	for id := range b.seen {
		if b.pages[id] == nil {
			t.Errorf("%s: the SMSC saw %s, which was not accepted", b.name, id)
		}
	}
}

// handler keeps the books of one session.
type handler struct {
	esme.Base
	books *books
}

func (h *handler) Init(*esme.Session) error {
	h.books.mu.Lock()
	defer h.books.mu.Unlock()
	h.books.sessions++
	return nil
}

func (h *handler) HandlePDU(in *esme.Inbound) error {
	text, err := in.PDU.Text()
	if err != nil {
		return err
	}
	h.books.mu.Lock()
	defer h.books.mu.Unlock()
	h.books.handled[text]++
	return nil
}

func (h *handler) HandleSendPDUResult(p *pdu.PDU, err error) { h.books.write(p, "result", err) }
func (h *handler) HandleResp(_, original *pdu.PDU)           { h.books.write(original, "answered", nil) }
func (h *handler) HandleRespTimeout(original *pdu.PDU)       { h.books.write(original, "timeout", nil) }
func (h *handler) HandleStop(reason esme.Reason, lost []*pdu.PDU) string {
	for _, p := range lost {
		h.books.write(p, "lost", nil)
	}
	h.books.mu.Lock()
	defer h.books.mu.Unlock()
	h.books.stops++
	h.books.settled.Broadcast()
	h.books.figures["stop "+string(reason.Kind)]++
	return "normal"
}

// load sends until ctx ends: most of it without waiting for the answers, some by callers who wait, and some of
// those give up early.
func load(ctx context.Context, c *esme.Client, b *books) {
	var waiters sync.WaitGroup
	defer waiters.Wait()
	room := make(chan struct{}, 4) // of those who wait at once
	cmd, _ := pdu.CommandByID(pdu.CmdSubmitSM)
	for n := 0; ctx.Err() == nil; n++ {
		s, err := c.Bound(ctx)
		if err != nil {
			return
		}
		id := fmt.Sprintf("%s-%d", b.name, n)
		builder := pdu.NewBuilder(cmd)
		builder.SetString(pdu.FieldDestinationAddr, id)
		builder.SetString(pdu.FieldShortMessage, strings.Repeat("x", n%140))
		p := builder.Build()
		waits := false
		if n%8 == 0 {
			select {
			case room <- struct{}{}:
				waits = true
			default:
			}
		}
		b.accept(id, waits)
		if waits {
			waiters.Go(func() {
				defer func() { <-room }()
				patience := time.Minute
				if n%16 == 0 {
					patience = 20 * time.Millisecond
				}
				ctx, cancel := context.WithTimeout(context.Background(), patience)
				defer cancel()
				_, err := s.Request(ctx, p)
				if errors.Is(err, &esme.Error{Code: esme.CodeQueueFull}) {
					b.refuse(id)
					return
				}
				b.answered(id, err)
			})
			continue
		}
		if err := s.SendWait(ctx, p); err != nil {
			b.refuse(id)
			select { // the session stops: give it time
			case <-time.After(time.Millisecond):
			case <-ctx.Done():
			}
		}
	}
}
