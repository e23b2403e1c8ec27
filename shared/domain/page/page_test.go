package page_test

import (
	"strings"
	"testing"
	"unicode/utf8"

	"waymark/shared/domain/page"
)

// paths are addresses and what is kept of them.
var paths = map[string]string{
	"": "", "   ": "", "?x=1": "", "#top": "", "about:blank": "", "data:text/html,x": "",

	// the address
	"https://shop.example":                         "/",
	"https://shop.example/":                        "/",
	"https://shop.example/?utm_source=x":           "/",
	"HTTPS://Shop.Example:8443/a/":                 "/a",
	"https://user:pass@shop.example/a#part":        "/a",
	"//shop.example/a/b":                           "/a/b",
	"shop.example/a":                               "/a",
	"shop.example:8080/a":                          "/a",
	"/a/b?c=d":                                     "/a/b",
	"a/b":                                          "/a/b",
	"myapp://settings/profile":                     "/settings/profile",
	"https://shop.example/go?to=https://b.example": "/go",
	"/go/https://b.example/x":                      "/go/https:/b.example/x",

	// one spelling
	"https://shop.example//a///b//":                             "/a/b",
	"https://shop.example/a/./b/../c":                           "/a/c",
	"https://shop.example/../../a":                              "/a",
	"https://shop.example/a/index.html":                         "/a",
	"https://shop.example/INDEX.PHP":                            "/",
	"https://shop.example/default.aspx":                         "/",
	"https://shop.example/index/a.html":                         "/index/a.html",
	"https://shop.example/caf%C3%A9":                            "/café",
	"https://shop.example/caf%c3%a9":                            "/café",
	"https://shop.example/caf\u00e9":                            "/café",
	"https://shop.example/a%20b":                                "/a%20b",
	"https://shop.example/a b":                                  "/a%20b",
	"https://shop.example/%7Euser":                              "/~user",
	"https://shop.example/a%2Fb":                                "/a%2Fb",
	"https://shop.example/100%":                                 "/100%25",
	"https://shop.example/%2541":                                "/%2541",
	"https://shop.example/%ff":                                  "/\uFFFD",
	"https://shop.example/About/Us":                             "/About/Us",
	"https://shop.example/a;jsessionid=1A2B/b;x=1":              "/a/b",
	"https://shop.example/(S(lit3py55t21z5v55vlm25s55))/a.aspx": "/a.aspx",

	// what stays
	"https://shop.example/blog/2026/11/29/autumn-sale":     "/blog/2026/11/29/autumn-sale",
	"https://shop.example/archive/2026":                    "/archive/2026",
	"https://shop.example/archive/2026-11":                 "/archive/2026-11",
	"https://shop.example/day/2026-11-29":                  "/day/2026-11-29",
	"https://shop.example/page/2":                          "/page/2",
	"https://shop.example/docs/1.26.0":                     "/docs/1.26.0",
	"https://shop.example/docs/v2":                         "/docs/v2",
	"https://shop.example/mp3-to-mp4-converter":            "/mp3-to-mp4-converter",
	"https://shop.example/iPhone15ProMax256GB":             "/iPhone15ProMax256GB",
	"https://shop.example/how-to-use-go-1-26-now":          "/how-to-use-go-1-26-now",
	"https://shop.example/@alice":                          "/@alice",
	"https://shop.example/Internationalization":            "/Internationalization",
	"https://shop.example/internationalizationcommittee":   "/internationalizationcommittee",
	"https://shop.example/товары/обувь":                    "/товары/обувь",
	"https://shop.example/verify/phone":                    "/verify/phone",
	"https://shop.example/JavaScriptAndTypeScriptHandbook": "/JavaScriptAndTypeScriptHandbook",

	// ids
	"https://shop.example/orders/100234":                                   "/orders/:id",
	"https://shop.example/orders/0099":                                     "/orders/:id",
	"https://shop.example/orders/1989":                                     "/orders/:id",
	"https://shop.example/u/550e8400-e29b-41d4-a716-446655440000/edit":     "/u/:id/edit",
	"https://shop.example/u/550E8400E29B41D4A716446655440000":              "/u/:id",
	"https://shop.example/p/507f1f77bcf86cd799439011":                      "/p/:id",
	"https://shop.example/p/blue-shirt-100234":                             "/p/blue-shirt-:id",
	"https://shop.example/p/blue-shirt-100234.html":                        "/p/blue-shirt-:id.html",
	"https://shop.example/p/chair-550e8400-e29b-41d4-a716-446655440000":    "/p/chair-:id",
	"https://shop.example/call/+4915112345678":                             "/call/:id",
	"https://shop.example/call/030%20123-4567":                             "/call/:id",
	"https://shop.example/ip/192.168.100.7":                                "/ip/:id",
	"https://shop.example/e/01ARZ3NDEKTSV4RRFFQ69G5FAV":                    "/e/:token",
	"https://shop.example/commit/da39a3ee5e6b4b0d3255bfef95601890afd80709": "/commit/:id",

	// people and secrets
	"https://shop.example/u/ann@mail.example":                          "/u/:email",
	"https://shop.example/u/ann%40mail.example/edit":                   "/u/:email/edit",
	"https://shop.example/reset-password/aB3xYz":                       "/reset-password/:token",
	"https://shop.example/invite/Kd82":                                 "/invite/Kd82",
	"https://shop.example/invite/k3j9x8":                               "/invite/:token",
	"https://shop.example/v/dQw4w9WgXcQ":                               "/v/:token",
	"https://shop.example/n/V1StGXR8_Z5jdHi6B-myT":                     "/n/:token",
	"https://shop.example/t/eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2ln": "/t/:token",
	"https://shop.example/t/file-k3j9x8f2m1q0.pdf":                     "/t/:token",

	// bounds
	"https://shop.example/" + strings.Repeat("a", 121):        "/:long",
	"https://shop.example/" + strings.Repeat("a", 120) + "/b": "/" + strings.Repeat("a", 120) + "/b",
	"https://shop.example" + strings.Repeat("/abcdefghi", 20): strings.Repeat("/abcdefghi", 15) + "/*",
}

func TestPath(t *testing.T) {
	t.Parallel()
	for address, want := range paths {
		if got := page.Path(address); got != want {
			t.Errorf("Path(%q) = %q, want %q", address, got, want)
		}
	}
}

func FuzzPath(f *testing.F) {
	for _, seed := range []string{"https://a.example/x/550e8400-e29b-41d4-a716-446655440000?y", "/a%2541%/;x/..", "//a/b", "x.y:1/..//%ff", "/12345-k3j9x8f2m1q0"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, address string) {
		path := page.Path(address)
		switch again := page.Path(path); {
		case again != path:
			t.Errorf("Path(%q) = %q, and of that %q", address, path, again)
		case len(path) > page.MaxBytes || !utf8.ValidString(path):
			t.Errorf("Path(%q) = %q, %d bytes", address, path, len(path))
		case path != "" && path[0] != '/' || len(path) > 1 && strings.HasSuffix(path, "/") || strings.ContainsAny(path, "?#; \n"):
			t.Errorf("Path(%q) = %q, which is no path", address, path)
		}
	})
}
