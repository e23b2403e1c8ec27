// Package tracker serves the scripts that web pages load: wm.js, wm.full.js, and the one that takes the place of Segment's analytics.min.js.
// The scripts are bundled by infra/tracker from the TypeScript in src, committed in dist, and contained in the function. It takes no events.
//
//	if script, found := tracker.Find(r.Path); found {
//		return script.Answer(r)
//	}
package tracker

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"embed"
	"encoding/base64"
	"encoding/hex"
	"net/http"
	"strings"
	"sync"

	"github.com/aws/aws-lambda-go/events"

	"waymark/shared/adapter/httpapi"
	"waymark/shared/domain/fault"
)

//go:embed dist
var dist embed.FS

// Script is one script at one address.
type Script struct {
	body    string // "" when there is none
	forEver bool   // the address names the version, so what it gives never changes
	pinned  string // the address of the same script for ever; "" for one that has a key in it
}

// newest is the release that addresses without a version give, as in 1.0.0-0123456789.
var newest = sync.OnceValue(func() string {
	name, _ := dist.ReadFile("dist/newest")
	return strings.TrimSpace(string(name))
})

// Find gives the script at a path; it is found, too, when the path is that of a script and there is none:
//
//	/wm.js, /wm.full.js                              the newest
//	/wm/1.0.0-0123456789/wm.js                       that one for ever
//	/analytics.js/v1/KEY/analytics.min.js            where Segment's snippet loads its script from; the key is put into it
func Find(path string) (Script, bool) {
	switch at := strings.Split(path, "/"); {
	case len(at) == 2 && isScript(at[1]):
		s := released(newest(), at[1])
		s.forEver = false
		return s, true
	case len(at) == 4 && at[1] == "wm" && isScript(at[3]):
		return released(at[2], at[3]), true
	case len(at) == 5 && at[1] == "analytics.js" && at[2] == "v1" && (at[4] == "analytics.min.js" || at[4] == "analytics.js"):
		if !isKey(at[3]) {
			return Script{}, true
		}
		s := released(newest(), "analytics.min.js")
		return Script{body: strings.ReplaceAll(s.body, "__WRITE_KEY__", at[3])}, true
	}
	return Script{}, false
}

func isScript(name string) bool { return name == "wm.js" || name == "wm.full.js" }

// isKey says whether a text may stand in a script as it is.
func isKey(text string) bool {
	return text != "" && len(text) <= 128 && strings.Trim(text, "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ_abcdefghijklmnopqrstuvwxyz-") == ""
}

// released is a script of a release at the address that names it.
func released(version, name string) Script {
	raw, _ := dist.ReadFile("dist/" + version + "/" + name)
	return Script{body: string(raw), forEver: true, pinned: "/wm/" + version + "/" + name}
}

// Answer answers GET of the script: 200, 304 to who has it already, or 404. It is packed for whoever takes gzip.
func (s Script) Answer(r httpapi.Request) events.APIGatewayV2HTTPResponse {
	if s.body == "" {
		return httpapi.Error(fault.New(fault.NotFound, "no_script", "there is no such version of the script, or no such key; /wm.js is the newest"), r.ID)
	}
	sum := sha256.Sum256([]byte(s.body))
	tag := `W/"` + hex.EncodeToString(sum[:10]) + `"` // weak: packed and plain are one
	headers := map[string]string{
		"cache-control": "public, max-age=3600, stale-while-revalidate=86400", "etag": tag, "vary": "accept-encoding",
		"cross-origin-resource-policy": "cross-origin", "x-content-type-options": "nosniff",
	}
	if s.forEver {
		headers["cache-control"] = "public, max-age=31536000, immutable"
	}
	if s.pinned != "" {
		headers["content-location"] = s.pinned
	}
	if isAmong(r.Headers["if-none-match"], tag) {
		return events.APIGatewayV2HTTPResponse{StatusCode: http.StatusNotModified, Headers: headers}
	}
	headers["content-type"] = "text/javascript; charset=utf-8"
	response := events.APIGatewayV2HTTPResponse{StatusCode: http.StatusOK, Headers: headers, Body: s.body}
	if packed, err := pack(s.body); err == nil && isAmong(r.Headers["accept-encoding"], "gzip") {
		headers["content-encoding"] = "gzip"
		response.Body, response.IsBase64Encoded = base64.StdEncoding.EncodeToString(packed), true
	}
	return response
}

// isAmong says whether a header that is a list has a value, whatever weight it gives it.
func isAmong(header, value string) bool {
	for entry := range strings.SplitSeq(header, ",") {
		entry, weight, _ := strings.Cut(strings.TrimSpace(entry), ";")
		if (entry == value || entry == "*") && strings.Trim(weight, " 0.") != "q=" {
			return true
		}
	}
	return false
}

func pack(body string) ([]byte, error) {
	var packed bytes.Buffer
	w, err := gzip.NewWriterLevel(&packed, gzip.BestCompression)
	if err != nil {
		return nil, err
	}
	if _, err := w.Write([]byte(body)); err != nil {
		return nil, err
	}
	if err := w.Close(); err != nil {
		return nil, err
	}
	return packed.Bytes(), nil
}
