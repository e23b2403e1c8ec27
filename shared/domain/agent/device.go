package agent

import "strings"

// The classes of devices.
const (
	Desktop     = "desktop"
	Mobile      = "mobile"
	Tablet      = "tablet"
	OtherDevice = "other"
)

// Class tells the class of a device from its user agent; "" for none. A tablet that calls itself a desktop, as iPads do since 2019, is taken
// for one.
func Class(agent string) string {
	has := func(words ...string) bool {
		for _, word := range words {
			if strings.Contains(agent, word) {
				return true
			}
		}
		return false
	}
	switch {
	case agent == "":
		return ""
	case has("iPad", "Tablet", "tablet", "Kindle", "Silk/"), has("Android") && !has("Mobile"):
		return Tablet
	case has("Mobi", "iPhone", "iPod", "Android", "Windows Phone", "Opera Mini"):
		return Mobile
	case has("Windows NT", "Macintosh", "X11", "CrOS", "Linux"):
		return Desktop
	}
	return OtherDevice
}
