package event

import (
	"strings"
	"sync"
	"unicode"
)

// StandardName gives the name of a track event as the catalogue writes it, whatever its case and whatever joins its words, in the order of words
// that the first e-commerce specification had ("Completed Order"), and in American spelling. Every other name stays what it is.
func StandardName(name string) string {
	if standard, found := standardNames()[name]; found {
		return standard
	}
	if standard, found := standardNames()[nameKey(name)]; found {
		return standard
	}
	return name
}

// StandardNames lists the names of track events that are known in any form.
func StandardNames() []string { return strings.Split(strings.TrimSpace(catalogueNames), "\n") }

// nameKey is a name without what joins its words: order_completed, "order completed" and OrderCompleted are one.
func nameKey(name string) string {
	return strings.ReplaceAll(strings.Map(func(r rune) rune {
		if !unicode.IsLetter(r) && !unicode.IsDigit(r) {
			return -1
		}
		return unicode.ToLower(r)
	}, name), "canceled", "cancelled")
}

// standardNames finds a name by itself and by the keys of its forms.
var standardNames = sync.OnceValue(func() map[string]string {
	names := map[string]string{}
	add := func(form, standard string) {
		if _, taken := names[form]; !taken {
			names[form] = standard
		}
	}
	for _, name := range StandardNames() {
		names[name] = name
	}
	for _, name := range StandardNames() {
		add(nameKey(name), name)
	}
	for _, name := range StandardNames() {
		words := strings.Fields(name)
		last := len(words) - 1
		add(nameKey(words[last]+strings.Join(words[:last], "")), name)
	}
	for older, name := range map[string]string{
		"Viewed Product Category": "Product List Viewed", "Viewed Category": "Product List Viewed", "Viewed Products": "Product List Viewed",
		"Started Checkout": "Checkout Started", "Started Order": "Checkout Started", "Cancelled Orders": "Order Cancelled",
	} {
		add(nameKey(older), name)
	}
	return names
})

// catalogueNames are the track events of shared/model/catalogue.yaml; a test there holds the two together.
const catalogueNames = `
AR Session Ended
AR Session Started
Account Created
Ad Clicked
Ad Viewed
Application Backgrounded
Application Crashed
Application Installed
Application Opened
Application Uninstalled
Application Updated
Article Viewed
CTA Clicked
CTA Viewed
Call Received
Cart Abandoned
Cart Shared
Cart Viewed
Chat Started
Chatbot Handed Over
Chatbot Message
Checkout Started
Checkout Step Completed
Checkout Step Viewed
Community Answer Given
Community Joined
Community Post Written
Comparison Guide Viewed
Competitor Chosen
Competitor Compared
Consent Given
Consent Updated
Consent Withdrawn
Content Downloaded
Coupon Applied
Coupon Denied
Coupon Entered
Coupon Redeemed
Coupon Removed
Deep Link Clicked
Deep Link Opened
Direct Message Received
Display Ad Clicked
Display Ad Viewed
Email Bounced
Email Delivered
Email Link Clicked
Email Marked as Spam
Email Opened
Email Sent
Experiment Viewed
Feedback Given
In-Person Help Given
Install Attributed
Interactive Tool Used
Interview Held
Invite Sent
Invoice Sent
Live Chat Conversation Ended
Live Chat Conversation Started
Live Chat Message Received
Live Chat Message Sent
Loyalty Points Earned
Loyalty Points Spent
Loyalty Program Joined
Loyalty Programme Joined
Loyalty Tier Reached
Marketplace Listing Viewed
Newsletter Subscribed
Offer Clicked
Offer Redeemed
Offer Viewed
Order Cancelled
Order Completed
Order Delivered
Order Picked Up
Order Refunded
Order Shipped
Order Updated
Payment Captured
Payment Failed
Payment Info Entered
Preferences Updated
Price Compared
Pricing Viewed
Print Ad Seen
Print Code Scanned
Product Added
Product Added to Wishlist
Product Clicked
Product List Filtered
Product List Viewed
Product Removed
Product Removed from Wishlist
Product Returned
Product Reviewed
Product Reviews Viewed
Product Shared
Product Viewed
Products Compared
Products Searched
Promotion Clicked
Promotion Viewed
Push Notification Bounced
Push Notification Received
Push Notification Sent
Push Notification Tapped
Radio Ad Heard
Rating Given
Recommendation Received
Referral Made
Return Policy Viewed
Return Requested
Review Read
Review Submitted
SMS Delivered
SMS Failed
SMS Link Clicked
SMS Sent
Search Ad Clicked
Search Result Clicked
Security Badge Viewed
Shipping Notification Sent
Shipping Options Viewed
Signed In
Signed Out
Signed Up
Social Account Followed
Social Ad Clicked
Social Ad Viewed
Social Post Commented
Social Post Liked
Social Post Shared
Social Post Viewed
Social Shop Product Viewed
Store Appointment Booked
Store Visited
Support Call Received
Support Ticket Opened
Support Ticket Solved
Survey Answered
Survey Sent
Testimonial Viewed
Unsubscribed
User Registered
VR Session Ended
VR Session Started
Video Ad Completed
Video Ad Started
Video Content Completed
Video Content Started
Video Playback Completed
Video Playback Started
Voice Assistant Used
Wishlist Product Added to Cart
Word Of Mouth Reported
`
