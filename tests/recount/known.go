package recount

import (
	"waymark/shared/domain/agent"
	"waymark/shared/domain/channel"
	countries "waymark/shared/domain/country"
	"waymark/shared/domain/event"
	paths "waymark/shared/domain/page"
	"waymark/shared/model"
)

// Countries are what tests send as a country, by its code. Of any other, package country is believed.
var Countries = map[string]string{
	"": "", "GB": "GB", "UK": "GB", "gbr": "GB", "England": "GB", "NO": "NO", "Norge": "NO", "578": "NO", "KR": "KR", "Korea, Republic of": "KR",
	"Atlantis": "", "(not set)": "",
}

func country(sent string) string {
	if code, known := Countries[sent]; known {
		return code
	}
	return countries.Code(sent)
}

// Agents are user agents of devices, cut short, by what they are. Tests send these; of any other, package agent is believed.
var Agents = map[string]agent.Agent{
	"": {},
	"Mozilla/5.0 (Windows NT 10.0; Win64; x64) Chrome/131.0.0.0 Safari/537.36":          {Browser: "Chrome", OS: "Windows", Device: "desktop"},
	"Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X) Version/18.1 Mobile Safari": {Browser: "Safari", OS: "iOS", Device: "mobile"},
	"Mozilla/5.0 (Linux; Android 14; Pixel 8) Chrome/131.0.0.0 Mobile Safari/537.36":    {Browser: "Chrome", OS: "Android", Device: "mobile"},
	"Mozilla/5.0 (Linux; Android 14; SM-X710) Chrome/131.0.0.0 Safari/537.36":           {Browser: "Chrome", OS: "Android", Device: "tablet"},
	"Roku/DVP-14.0 (14.0.0.2832-46)":                                                    {Browser: "Roku", OS: "Roku", Device: "other"},
}

func client(sent string) agent.Agent {
	if is, known := Agents[sent]; known {
		return is
	}
	return model.Agents().Of(sent)
}

// Pages are addresses of pages by their paths. Of any other, package page is believed.
var Pages = map[string]string{
	"": "", "https://shop.example/": "/", "https://shop.example/p/100234": "/p/:id", "https://shop.example/p/100235/": "/p/:id",
	"https://shop.example/cart/index.html": "/cart", "https://shop.example/blog/2026/": "/blog/2026",
}

func path(sent string) string {
	if is, known := Pages[sent]; known {
		return is
	}
	return paths.Path(sent)
}

// Referrers are pages before one of Pages but the empty one. Of any other, package channel is believed.
var Referrers = map[string]channel.Outside{
	"": {}, "https://shop.example/cart": {}, "https://www.paypal.com/checkout": {},
	"https://www.google.com/search?q=wool+socks": {Host: "google.com", Source: "Google", Medium: "search", Term: "wool socks"},
	"https://www.blog.example/best-socks":        {Host: "blog.example", Source: "blog.example", Medium: "referral"},
	"https://l.facebook.com/":                    {Host: "l.facebook.com", Source: "Facebook", Medium: "social"},
}

func outside(t event.Touchpoint) channel.Outside {
	_, isOwn := Pages[t.Page]
	if is, known := Referrers[t.Marketing.Referrer]; known && isOwn && t.Page != "" {
		return is
	}
	rules, err := model.Channels()
	if err != nil {
		panic("recount: the rules of channels are broken: " + err.Error())
	}
	return rules.Outside(t)
}

// grades are what the grades of touchpoints are called.
var grades = [...]string{"public", "signed", "server"}
