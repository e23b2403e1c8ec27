package dynamo

import (
	"bytes"
	"encoding/json"
	"fmt"
	"sync"

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
	buffers *sync.Pool // of *bytes.Buffer
}

func newCodec() codec {
	// Better levels save under 2 % of our values and cost several times as much. DynamoDB checks its bytes itself, so
	// a frame needs no checksum.
	encoder, err := zstd.NewWriter(nil,
		zstd.WithEncoderLevel(zstd.SpeedFastest), zstd.WithEncoderConcurrency(1), zstd.WithEncoderCRC(false))
	if err != nil {
		panic("dynamo: the options of the encoder are constant: " + err.Error())
	}
	decoder, err := zstd.NewReader(nil, zstd.WithDecoderConcurrency(0), zstd.WithDecoderMaxMemory(maxDecoded))
	if err != nil {
		panic("dynamo: the options of the decoder are constant: " + err.Error())
	}
	return codec{encoder: encoder, decoder: decoder, buffers: &sync.Pool{New: func() any { return new(bytes.Buffer) }}}
}

// pack writes a value as JSON and leaves text that is JSON already as it is: escaping it again would change the bytes
// that were sent.
func (c codec) pack(value any) ([]byte, error) {
	buffer := c.buffers.Get().(*bytes.Buffer)
	defer c.buffers.Put(buffer)
	buffer.Reset()
	encoder := json.NewEncoder(buffer)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(value); err != nil {
		return nil, err
	}
	return c.compress(bytes.TrimSuffix(buffer.Bytes(), []byte("\n"))), nil
}

// compress gives bytes of its own: a copy of the text where it is small and cannot be taken for compressed.
func (c codec) compress(text []byte) []byte {
	if len(text) <= minCompressed && !bytes.HasPrefix(text, zstdMagic) {
		return bytes.Clone(text)
	}
	return c.encoder.EncodeAll(text, make([]byte, 0, len(text)/4))
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
