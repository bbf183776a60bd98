package engine

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"time"
)

// Everything that is persisted stands in an envelope:
//
//	magic, version   9 bytes
//	window           8 bytes, big endian, ns
//	fingerprint      8 bytes, of the configuration that the value depends on
//	checksum        16 bytes, SHA-256 of the key, all of the above and the body
//	body
//
// so that what is foreign, damaged, stored under another key or written under
// another configuration is refused before anything is decoded.
const (
	magic      = "sage ck\n"
	version    = 2
	headerSize = len(magic) + 1 + 8 + 8 + checkSize
	checkSize  = 16
)

// envelope says what a value belongs to.
type envelope struct {
	key         string
	window      time.Duration
	fingerprint uint64
}

// seal returns the value to store.
func (e envelope) seal(body []byte) []byte {
	b := make([]byte, 0, headerSize+len(body))
	b = append(b, magic...)
	b = append(b, version)
	b = binary.BigEndian.AppendUint64(b, uint64(e.window))
	b = binary.BigEndian.AppendUint64(b, e.fingerprint)
	b = append(b, e.check(b, body)...)
	return append(b, body...)
}

// unseal returns the body, or why the value cannot be used.
func (e envelope) unseal(b []byte) ([]byte, error) {
	if len(b) < headerSize || !bytes.HasPrefix(b, []byte(magic)) {
		return nil, errors.New("what is stored is no checkpoint")
	}
	if v := b[len(magic)]; v != version {
		return nil, fmt.Errorf("the checkpoint is of format %d, not %d", v, version)
	}
	at := len(magic) + 1
	head, sum, body := b[:at+16], b[at+16:headerSize], b[headerSize:]
	if !bytes.Equal(sum, e.check(head, body)) {
		return nil, errors.New("the checkpoint is damaged")
	}
	if w := time.Duration(binary.BigEndian.Uint64(b[at:])); w != e.window {
		return nil, fmt.Errorf("the checkpoint is of windows of %s, not %s", w, e.window)
	}
	if binary.BigEndian.Uint64(b[at+8:]) != e.fingerprint {
		return nil, errors.New("the checkpoint was written under another configuration")
	}
	return body, nil
}

func (e envelope) check(head, body []byte) []byte {
	h := sha256.New()
	fmt.Fprintf(h, "%q", e.key)
	h.Write(head)
	h.Write(body)
	return h.Sum(nil)[:checkSize]
}

// fingerprint identifies settings.
func fingerprint(settings ...any) uint64 {
	sum := sha256.Sum256(fmt.Appendf(nil, "%+v", settings))
	return binary.BigEndian.Uint64(sum[:])
}
