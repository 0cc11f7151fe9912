package luabind

import (
	"fmt"

	"github.com/esmehost/esmehost/esme"
	"github.com/esmehost/esmehost/luabind/vm"
)

// Messages that wait for a bind, in its mailbox or for their time, are no part of its state yet. So they have a
// bound of their own: those that are large hold together at most limits.memory. Whoever sends more is told
// queue_full. Of the others there are few enough: limits.mailbox and limits.timers count them.

// largeMessage is what a message must hold to be weighed, in octets.
const largeMessage = 1 << 10

// weighed is a large message in the mailbox.
type weighed struct {
	message vm.Data
	octets  int64
}

// weigh makes room for a message that is to wait.
func (h *Handler) weigh(message vm.Data) (any, error) {
	octets, err := h.room(message)
	if octets == 0 {
		return message, err
	}
	return weighed{message, octets}, nil
}

// unwrap gives a message that has waited, and its room back.
func (h *Handler) unwrap(m any) vm.Data {
	if w, ok := m.(weighed); ok {
		h.waiting.Add(-w.octets)
		return w.message
	}
	return m
}

// room takes what a message holds; 0 for a small one. It is given back by h.waiting.
func (h *Handler) room(message vm.Data) (int64, error) {
	octets := int64(dataOctets(message))
	if octets < largeMessage {
		return 0, nil
	}
	if n, limit := h.waiting.Add(octets), h.bind.opts.Limits.Memory; n > limit {
		h.waiting.Add(-octets)
		return 0, &esme.Error{Code: esme.CodeQueueFull, Retryable: true,
			Message: fmt.Sprintf("the messages that wait for the bind hold %d octets already (limits.memory)", n-octets)}
	}
	return octets, nil
}

// posted hands a message over by post.
func (h *Handler) posted(message vm.Data, post func(m any) error) error {
	m, err := h.weigh(message)
	if err != nil {
		return err
	}
	if err := post(m); err != nil {
		h.unwrap(m)
		return err
	}
	return nil
}
