package archive

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"iter"

	"github.com/klauspost/compress/zstd"
)

// lines compresses JSON, one value in a line. It is safe for concurrent use.
type lines struct{ encoder *zstd.Encoder }

func newLines() lines {
	encoder, err := zstd.NewWriter(nil, zstd.WithEncoderLevel(zstd.SpeedFastest), zstd.WithEncoderConcurrency(1))
	if err != nil {
		panic("archive: the options of the encoder are constant: " + err.Error())
	}
	return lines{encoder}
}

func encode[T any](l lines, values []T) ([]byte, error) {
	var text bytes.Buffer
	encoder := json.NewEncoder(&text)
	encoder.SetEscapeHTML(false)
	for _, value := range values {
		if err := encoder.Encode(value); err != nil {
			return nil, err
		}
	}
	return l.encoder.EncodeAll(text.Bytes(), nil), nil
}

// decode yields the values of compressed lines. An object that was cut off ends with an error, never early: zstd knows its end and checksum.
func decode[T any](compressed io.Reader) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		var none T
		text, err := zstd.NewReader(compressed, zstd.WithDecoderConcurrency(1), zstd.WithDecoderLowmem(true))
		if err != nil {
			yield(none, fmt.Errorf("begin to decompress: %w", err))
			return
		}
		defer text.Close()
		decoder := json.NewDecoder(text)
		for {
			var value T
			switch err := decoder.Decode(&value); {
			case err == io.EOF:
				return
			case err != nil:
				yield(none, err)
				return
			case !yield(value, nil):
				return
			}
		}
	}
}
