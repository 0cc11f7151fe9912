package smsc

import (
	"context"
	"net"

	"github.com/esmehost/esmehost/pdu"
)

// Outbind connects to an ESME that listens, asks it for a bind by an outbind PDU (SMPP 3.4 §2.2.1), and
// serves the session until it ends, or until ctx does: then it unbinds. It returns the error of the connecting.
func (s *Server) Outbind(ctx context.Context, address, systemID, password string) error {
	conn, err := new(net.Dialer).DialContext(ctx, "tcp", address)
	if err != nil {
		return err
	}
	sess := s.open(conn)
	if sess == nil {
		conn.Close()
		return net.ErrClosed
	}
	defer context.AfterFunc(ctx, sess.unbind)()
	b := newBuilder(pdu.CmdOutbind)
	b.SetSequence(1)
	b.SetString(pdu.FieldSystemID, systemID)
	b.SetString(pdu.FieldPassword, password)
	sess.mu.Lock()
	sess.seq = 1
	sess.send(b.Build())
	sess.mu.Unlock()
	sess.flush()
	sess.run()
	return nil
}
