package pdu

import "testing"

// A password that is masked stays so in copies, until it is built anew.
func TestMaskedPassword(t *testing.T) {
	cmd, _ := CommandByName("bind_receiver")
	b := NewBuilder(cmd)
	b.SetString(FieldPassword, "s3cret")
	open := b.Build()
	b.MaskPassword(true)
	p := b.Build()
	var c PDU
	p.CopyTo(&c, nil)
	if open.PasswordMasked() || !p.PasswordMasked() || !c.PasswordMasked() || !p.Clone().PasswordMasked() {
		t.Fatal(open.PasswordMasked(), p.PasswordMasked(), c.PasswordMasked())
	}
	b.Reset(cmd)
	if b.Build().PasswordMasked() {
		t.Fatal("after Reset")
	}
}
