package query

import (
	"cmp"
	"context"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"fmt"
	"html"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/aws/aws-lambda-go/events"

	"waymark/shared/adapter/httpapi"
	"waymark/shared/domain/event"
	"waymark/shared/domain/fault"
)

// The pages at / and /debug, with their style sheet and scripts. They are the same for everybody and hold nothing of any workspace: their scripts ask
// the API with the secret key that the reader gives. What is shown without a key is what GET /health tells, and the keys of ShowKeys.

//go:embed pages
var pageFiles embed.FS

const assetsPath = "/assets/"

// asset is a file that a page loads.
type asset struct {
	contentType string
	body        string
	version     string // of its bytes; stands in its address, so that browsers may keep it for ever
}

// assets are the files by name. A page's script has what both share in front.
var assets = sync.OnceValue(func() map[string]asset {
	file := func(contentType string, names ...string) asset {
		var body strings.Builder
		for _, name := range names {
			text, err := pageFiles.ReadFile("pages/" + name)
			if err != nil {
				panic(err) // it is part of the program
			}
			body.Write(text)
		}
		sum := sha256.Sum256([]byte(body.String()))
		return asset{contentType, body.String(), hex.EncodeToString(sum[:6])}
	}
	return map[string]asset{
		"pages.css": file("text/css; charset=utf-8", "pages.css"),
		"home.js":   file("text/javascript; charset=utf-8", "common.js", "home.js"),
		"debug.js":  file("text/javascript; charset=utf-8", "common.js", "debug.js"),
	}
})

// page is one of them. No template engine writes it: one calls methods by their names, so the linker would keep every method of every client of AWS
// in the program, 113 kB more would be prepared at each cold start, and what is filled in is ten texts.
type page struct {
	title, script string
	text          string // with {{name}} for what is filled in
}

// pages are those of each path.
var pages = sync.OnceValue(func() map[string]page {
	file := func(name string) string {
		text, err := pageFiles.ReadFile("pages/" + name)
		if err != nil {
			panic(err) // it is part of the program
		}
		return string(text)
	}
	frame := strings.NewReplacer("{{head}}", file("head.html"), "{{key}}", file("key.html"), "{{foot}}", file("foot.html"))
	return map[string]page{
		"/":      {"Start", "home.js", frame.Replace(file("home.html"))},
		"/debug": {"Live", "debug.js", frame.Replace(file("debug.html"))},
	}
})

// filled is the page with texts in their places. Each stands between tags or in a quoted attribute, where its special characters are escaped.
func (p page) filled(texts map[string]string) string {
	var pairs []string
	for name, text := range texts {
		pairs = append(pairs, "{{"+name+"}}", html.EscapeString(text))
	}
	return strings.NewReplacer(pairs...).Replace(p.text)
}

// security lets a page load and ask only what comes from its own address, and be framed by nobody.
const security = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; " +
	"frame-ancestors 'none'; base-uri 'none'; form-action 'none'"

// answerPage answers the pages and their files, which need no key; ok is false for any other path.
func (h *Handler) answerPage(ctx context.Context, r httpapi.Request) (response events.APIGatewayV2HTTPResponse, ok bool) {
	found, isPage := pages()[r.Path]
	name, isAsset := strings.CutPrefix(r.Path, assetsPath)
	if !isPage && !isAsset {
		return response, false
	}
	if r.Method == http.MethodOptions {
		return httpapi.Options(httpapi.Reads), true
	}
	if !httpapi.Allows(httpapi.Reads, r.Method) {
		return httpapi.WrongMethod(httpapi.Reads, r.ID), true
	}
	var err error
	switch {
	case isAsset:
		response, err = answerAsset(name, r.Query.Get("v"))
	case r.Path == "/" && !strings.Contains(r.Headers["accept"], "text/html"):
		response = h.index()
	default:
		response = h.page(ctx, r, found)
	}
	if err != nil {
		httpapi.Note(ctx, r.Path, err)
		return httpapi.Error(err, r.ID), true
	}
	return response, true
}

func answerAsset(name, version string) (events.APIGatewayV2HTTPResponse, error) {
	a, known := assets()[name]
	if !known {
		return events.APIGatewayV2HTTPResponse{}, fault.New(fault.NotFound, "no_asset", "there is no such file; the page that names it is of another release")
	}
	caching := "no-cache"
	if version == a.version {
		caching = "public, max-age=31536000, immutable"
	}
	return events.APIGatewayV2HTTPResponse{StatusCode: http.StatusOK, Body: a.body, Headers: map[string]string{
		"content-type": a.contentType, "cache-control": caching, "x-content-type-options": "nosniff",
	}}, nil
}

// indexAnswer is what a program hears at the root.
type indexAnswer struct {
	Name    string            `json:"name"`
	Version string            `json:"version"`
	Links   map[string]string `json:"links"`
}

func (h *Handler) index() events.APIGatewayV2HTTPResponse {
	answer := indexAnswer{Name: "Waymark", Version: h.Version, Links: map[string]string{
		"page": "/", "live": "/debug", "health": "/health", "status": "/v1/status", "events": "/v1/debug/events", "collect": "/v1/batch", "documentation": "docs/api.md",
	}}
	return httpapi.With(httpapi.JSON(http.StatusOK, answer), map[string]string{"vary": "accept"})
}

func (h *Handler) page(ctx context.Context, r httpapi.Request, p page) events.APIGatewayV2HTTPResponse {
	write, secret := shownKeys(h.ShowKeys)
	isCurrent := func(path string) string { return map[bool]string{true: "page", false: "false"}[r.Path == path] }
	body := p.filled(map[string]string{
		"title": p.title, "script": p.script, "style": assets()["pages.css"].version, "version-of-script": assets()[p.script].version,
		"start": isCurrent("/"), "live": isCurrent("/debug"), "origin": origin(r), "version": h.Version, "counted": h.counted(ctx),
		"write": write, "secret": secret, "shown": cmp.Or(write, "wk_…"),
	})
	return events.APIGatewayV2HTTPResponse{StatusCode: http.StatusOK, Body: body, Headers: map[string]string{
		"content-type": "text/html; charset=utf-8", "cache-control": "no-store", "content-security-policy": security, "vary": "accept",
		"x-content-type-options": "nosniff", "referrer-policy": "no-referrer", "cross-origin-opener-policy": "same-origin",
	}}
}

// counted says how old the newest rollup is. The page comes also when the store does not answer: then it says so.
func (h *Handler) counted(ctx context.Context) string {
	newest, err := h.newestRollup(ctx)
	if err != nil {
		httpapi.Note(ctx, "/", err)
		return "The store does not answer now"
	}
	if newest == 0 {
		return "Nothing is counted yet"
	}
	age := event.At(h.Now()).Sub(newest)
	switch {
	case age < 2*time.Minute:
		return "Everything was counted less than two minutes ago"
	case age < 2*time.Hour:
		return fmt.Sprintf("Everything was counted %d minutes ago", age/time.Minute)
	}
	return fmt.Sprintf("Everything was counted %d hours ago", age/time.Hour)
}

// origin is the address that a request was sent to, as far as it can be told; the page's script knows it better where something stands in front.
func origin(r httpapi.Request) string {
	host, scheme := r.Headers["host"], r.Headers["x-forwarded-proto"]
	isStrange := func(c rune) bool {
		return !strings.ContainsRune(".-:[]", c) && (c < '0' || c > '9') && (c < 'a' || c > 'z') && (c < 'A' || c > 'Z')
	}
	if host == "" || strings.ContainsFunc(host, isStrange) {
		return "https://YOUR-HOST"
	}
	if scheme != "http" {
		scheme = "https"
	}
	return scheme + "://" + host
}

// shownKeys are the keys that a page may show to everybody.
func shownKeys(text string) (write, secret string) {
	for _, key := range strings.Fields(text) {
		switch {
		case strings.HasPrefix(key, "sk_"):
			secret = key
		default:
			write = key
		}
	}
	return write, secret
}
