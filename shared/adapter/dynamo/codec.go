package dynamo

import (
	"bytes"
	"encoding/json"
	"fmt"

	"github.com/klauspost/compress/zstd"
)

// minCompressed is the size of JSON from which on compressing saves more than it costs.
const minCompressed = 700

// maxDecoded bounds what a stored value may decompress to: 400 KB of zstd are some megabytes of JSON, never this much.
const maxDecoded = 256 << 20

var zstdMagic = []byte{0x28, 0xB5, 0x2F, 0xFD} // no JSON begins so

// codec turns values into the bytes of attribute b and back. It is safe for concurrent use.
type codec struct {
	encoder *zstd.Encoder
	decoder *zstd.Decoder
}

func newCodec() codec {
	encoder, err := zstd.NewWriter(nil, zstd.WithEncoderLevel(zstd.SpeedFastest), zstd.WithEncoderConcurrency(1))
	if err != nil {
		panic("dynamo: the options of the encoder are constant: " + err.Error())
	}
	decoder, err := zstd.NewReader(nil, zstd.WithDecoderConcurrency(0), zstd.WithDecoderMaxMemory(maxDecoded))
	if err != nil {
		panic("dynamo: the options of the decoder are constant: " + err.Error())
	}
	return codec{encoder: encoder, decoder: decoder}
}

// plain writes a value as JSON and leaves text that is JSON already as it is: escaping it again would change the bytes that were sent.
func plain(value any) ([]byte, error) {
	var out bytes.Buffer
	encoder := json.NewEncoder(&out)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(value); err != nil {
		return nil, err
	}
	return bytes.TrimSuffix(out.Bytes(), []byte("\n")), nil
}

func (c codec) pack(value any) ([]byte, error) {
	text, err := plain(value)
	if err != nil {
		return nil, err
	}
	return c.compress(text), nil
}

// compress returns text itself where it is small and cannot be taken for compressed.
func (c codec) compress(text []byte) []byte {
	if len(text) <= minCompressed && !bytes.HasPrefix(text, zstdMagic) {
		return text
	}
	return c.encoder.EncodeAll(text, nil)
}

func (c codec) unpack(stored []byte, value any) error {
	text, err := c.expand(stored)
	if err != nil {
		return err
	}
	return json.Unmarshal(text, value)
}

func (c codec) expand(stored []byte) ([]byte, error) {
	if !bytes.HasPrefix(stored, zstdMagic) {
		return stored, nil
	}
	text, err := c.decoder.DecodeAll(stored, nil)
	if err != nil {
		return nil, fmt.Errorf("decompress %d bytes: %w", len(stored), err)
	}
	return text, nil
}
