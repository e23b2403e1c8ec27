package collect

import (
	"bytes"
	"compress/gzip"
	"errors"
	"io"

	"waymark/shared/domain/event"
	"waymark/shared/domain/fault"
)

// The rules of packed bodies are:
//
// A body is packed if its first bytes say so. Content-Type and Content-Encoding are not asked: some clients send gzip as text or as a form, and
// gateways strip or keep these headers as they like.
//
// There is one layer, of one gzip member, with nothing behind it: what no client sends is a way to hide something, or damage.
//
// event.MaxRequestBytes bounds the bytes that were sent and again what they unpack to, so packing lets nobody send more. maxUnpackedBytes bounds
// the work: up to there the size is measured, so that the answer can name it; a bomb is left there, whatever it would have come to.
const maxUnpackedBytes = 1 << 20

// unpack gives the body as it was before the client packed it; one that is not packed comes back as it is. Faults, all Invalid: gzip_damaged,
// gzip_corrupt, gzip_truncated, gzip_trailing, gzip_nested, gzip_too_large, and request_too_large for what is larger unpacked than a request
// may be.
func unpack(body []byte) ([]byte, error) {
	if bytes.HasPrefix(body, []byte("\x1f\xef\xbf\xbd")) { // 1F 8B, read as text on the way, which cannot be undone
		return nil, fault.New(fault.Invalid, "gzip_damaged", "the body was packed with gzip and damaged on the way because its Content-Type says text; "+
			"send it as application/octet-stream, or plain")
	}
	if !isPacked(body) {
		return body, nil
	}
	packed := bytes.NewReader(body)
	member, err := gzip.NewReader(packed)
	if err != nil {
		return nil, unreadable(err)
	}
	member.Multistream(false)
	plain, err := io.ReadAll(io.LimitReader(member, maxUnpackedBytes+1))
	if err != nil {
		return nil, unreadable(err)
	}
	switch n := len(plain); {
	case n > maxUnpackedBytes:
		return nil, fault.Newf(fault.Invalid, "gzip_too_large", "the body unpacks to more than %d bytes, the limit of a request is %d; split the batch",
			maxUnpackedBytes, event.MaxRequestBytes)
	case n > event.MaxRequestBytes:
		return nil, tooLarge(n)
	case packed.Len() > 0:
		return nil, fault.Newf(fault.Invalid, "gzip_trailing", "%d bytes come after the end of the packed body; send one gzip member and nothing else", packed.Len())
	case isPacked(plain):
		return nil, fault.New(fault.Invalid, "gzip_nested", "the body is packed twice; pack it once")
	}
	return plain, nil
}

func isPacked(body []byte) bool { return bytes.HasPrefix(body, []byte("\x1f\x8b")) }

func unreadable(err error) error {
	if errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, io.EOF) {
		return fault.New(fault.Invalid, "gzip_truncated", "the packed body ends before its end; send it whole")
	}
	return fault.New(fault.Invalid, "gzip_corrupt", "the body begins as gzip and cannot be unpacked, or its checksum is wrong; pack it again, or send it plain")
}

func tooLarge(bytes int) error {
	return fault.Newf(fault.Invalid, "request_too_large", "the request has %d bytes, the limit is %d; split the batch", bytes, event.MaxRequestBytes)
}
