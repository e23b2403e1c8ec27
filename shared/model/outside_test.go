package model_test

import (
	"strings"
	"testing"

	"waymark/shared/domain/channel"
	"waymark/shared/domain/event"
)

// Where a referrer is from, of a touchpoint on https://shop.example/p.
func TestOutside(t *testing.T) {
	t.Parallel()
	rules := channelRules(t)
	unknown := func(host string) channel.Outside {
		return channel.Outside{Host: host, Source: host, Medium: "referral"}
	}
	for referrer, want := range map[string]channel.Outside{
		"": {}, "no address": {}, "about:blank": {},
		"https://shop.example/cart": {}, "https://www.shop.example/": {}, "https://blog.shop.example/": {}, // the same site
		"https://www.paypal.com/checkout": {}, "https://accounts.google.com/": {}, // where people only pass through
		"https://www.google.com/":                                     {Host: "google.com", Source: "Google", Medium: "search"},
		"https://www.google.de/search?q=rote+schuhe":                  {Host: "google.de", Source: "Google", Medium: "search", Term: "rote schuhe"},
		"https://www.bing.com/search?q=caf%C3%A9":                     {Host: "bing.com", Source: "Bing", Medium: "search", Term: "café"},
		"https://duckduckgo.com/":                                     {Host: "duckduckgo.com", Source: "DuckDuckGo", Medium: "search"},
		"https://search.yahoo.com/search?p=shoes&fr=x":                {Host: "search.yahoo.com", Source: "Yahoo!", Medium: "search", Term: "shoes"},
		"https://l.facebook.com/":                                     {Host: "l.facebook.com", Source: "Facebook", Medium: "social"},
		"https://chatgpt.com/":                                        {Host: "chatgpt.com", Source: "ChatGPT", Medium: "chatbot"},
		"android-app://com.google.android.gm/":                        {Host: "com.google.android.gm", Source: "Gmail", Medium: "email"},
		"https://WWW.Blog.Example:8443/best?token=secret":             unknown("blog.example"),
		"https://translate.google.com/translate?u=shop.example/p":     {}, // the own page, translated
		"https://blog-example.translate.goog/best":                    unknown("blog.example"),
		"https://www.google.com/search?q=" + strings.Repeat("a", 128): {Host: "google.com", Source: "Google", Medium: "search", Term: strings.Repeat("a", channel.MaxTermBytes)},
		"https://www.google.com/search?q=" + strings.Repeat("a", 129): {Host: "google.com", Source: "Google", Medium: "search", Term: strings.Repeat("a", channel.MaxTermBytes)},
		"https://" + strings.Repeat("a.", 125) + "xyz/":               unknown(strings.Repeat("a.", 125) + "xyz"), // 253 bytes
		"https://" + strings.Repeat("a.", 125) + "wxyz/":              unknown(strings.Repeat("a.", 125) + "wxy"), // 254
	} {
		got := rules.Outside(event.Touchpoint{Page: "https://shop.example/p", Marketing: event.Marketing{Referrer: referrer}})
		if got != want {
			t.Errorf("%q is from %+v, want %+v", referrer, got, want)
		}
	}
}
