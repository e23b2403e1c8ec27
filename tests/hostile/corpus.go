package hostile

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
)

const corpora = "functions/collect/testdata/bad_input" // its SOURCE.md says where they come from

// file is one JSON text of the corpus of parsers.
type file struct {
	Name   string `json:"name"`
	Expect string `json:"expect"` // accept, reject, or anything else for either
	Bytes  []byte `json:"base64"`
}

func files(root string) ([]file, error) {
	packed, err := os.ReadFile(filepath.Join(root, corpora, "json_parsing.jsonl.gz"))
	if err != nil {
		return nil, err
	}
	reader, err := gzip.NewReader(bytes.NewReader(packed))
	if err != nil {
		return nil, fmt.Errorf("unpack corpus: %w", err)
	}
	parsing, err := io.ReadAll(reader)
	if err != nil {
		return nil, fmt.Errorf("unpack corpus: %w", err)
	}
	transform, err := os.ReadFile(filepath.Join(root, corpora, "json_transform.jsonl"))
	if err != nil {
		return nil, err
	}
	var all []file
	for line := range bytes.Lines(append(parsing, transform...)) {
		var f file
		if err := json.Unmarshal(line, &f); err != nil {
			return nil, fmt.Errorf("read corpus: %w", err)
		}
		all = append(all, f)
	}
	return all, nil
}

func texts(root string) ([]string, error) {
	raw, err := os.ReadFile(filepath.Join(root, corpora, "naughty_strings.json"))
	if err != nil {
		return nil, err
	}
	var all []string
	return all, json.Unmarshal(raw, &all)
}

// fromFiles puts every file of the corpus where a value stands, and where the body stands: once as bytes and once as text, which a gateway makes
// valid UTF-8. The value is taken exactly when a parser must take it, unless a key comes twice.
func fromFiles(all []file) []Case {
	var cases []Case
	for i, f := range all {
		for _, form := range []string{"application/octet-stream", "application/json"} {
			id := fmt.Sprintf("json-%d-%d", i, len(form))
			c := Case{Kind: "JSON value", Name: f.Name + " as " + form}
			e := page("hostile-json", id, `,"properties":{"value":`+string(f.Bytes)+`}`)
			switch f.Expect {
			case "accept":
				c.Status = 200
				if strings.Contains(f.Name, "duplicated_key") {
					e.Class = "bad_json"
				}
			case "reject":
				c.Status = 400
			default:
				e.Class = AsAnswered
			}
			c.Request, c.Events = sent("/v1/batch", batch(e)).With("Content-Type", form), []Event{e}
			whole := Case{Kind: "JSON body", Name: c.Name, Request: sent("/v1/page", f.Bytes).With("Content-Type", form), Events: []Event{{Raw: f.Bytes, Class: AsAnswered}}}
			if f.Expect == "reject" {
				whole.Status = 400
			}
			cases = append(cases, c, whole)
		}
	}
	return cases
}

// seed of the random bytes; every run sends the same ones.
const seed = 17

// random sends bytes without any meaning, and events whose properties were hit by some.
func random() []Case {
	r := rand.New(rand.NewPCG(seed, 0))
	bytesOf := func(n int) []byte {
		out := make([]byte, n)
		for i := range out {
			out[i] = byte(r.Uint32())
		}
		return out
	}
	var cases []Case
	for i := range 100 {
		cases = append(cases, Case{
			Kind: "random bytes", Name: fmt.Sprint("seed ", seed, " body ", i), Request: sent("/v1/page", bytesOf(r.IntN(2000))), Events: []Event{{Class: AsAnswered}}, Status: 400,
		})
	}
	for i := range 200 {
		id := fmt.Sprint("random-", i)
		e := page("hostile-random", id, `,"properties":{"url":"https://shop.example/?a=1","n":[1,-2.5e3,true,null,"\u00e9\n"]},"context":{"page":{"title":"x"}}`)
		for range 1 + r.IntN(3) {
			from := bytes.Index(e.Raw, []byte(`,"properties"`))
			at := from + r.IntN(len(e.Raw)-from)
			e.Raw[at] = byte(r.Uint32())
		}
		cases = append(cases, Case{
			Kind: "random hits", Name: fmt.Sprint("seed ", seed, " event ", i), Request: sent("/v1/batch", batch(e)), Events: []Event{e.is(AsAnswered)},
		})
	}
	return cases
}
