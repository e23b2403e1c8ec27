package attribution

import "strings"

// payments are hosts of payment pages, with all hosts below them. Channel rules pass over the pages of many more already, so that coming back from
// them is no sign of a channel; this catches sessions that were given a channel by other rules.
const payments = " paypal.com stripe.com klarna.com adyen.com mollie.com checkout.com braintreegateway.com braintreepayments.com authorize.net " +
	"worldpay.com worldline.com ingenico.com ogone.com saferpay.com datatrans.com twint.ch postfinance.ch payone.com unzer.com wirecard.com " +
	"ratepay.com giropay.de paydirekt.de sofort.com trustly.com paysafecard.com skrill.com afterpay.com clearpay.co.uk affirm.com sezzle.com " +
	"squareup.com 2checkout.com opayo.co.uk sagepay.com nets.eu vipps.no swish.nu mobilepay.dk redsys.es multisafepay.com pay.nl buckaroo.nl " +
	"ideal.nl payconiq.com bancontact.net hipay.com payplug.com satispay.com przelewy24.pl payu.com gopay.com mercadopago.com razorpay.com " +
	"alipay.com paypay.ne.jp omise.co flutterwave.com paystack.com bitpay.com paddle.com gocardless.com pay.google.com payments.google.com " +
	"pay.amazon.com payments.amazon.com pay.shopify.com "

// isPayment says whether a host is a payment page's: one that is listed, or one below it.
func (s *settings) isPayment(host string) bool {
	for host = strings.ToLower(host); host != ""; {
		if strings.Contains(payments, " "+host+" ") {
			return true
		}
		for _, more := range s.payments {
			if host == more {
				return true
			}
		}
		_, below, found := strings.Cut(host, ".")
		if !found {
			return false
		}
		host = below
	}
	return false
}
