// Package clv is what buyers without a contract are likely to do: who is still a buyer, how often they purchase in the time to come and what that is
// worth (BG/NBD and gamma-gamma), and how long customers with a contract stay (sBG). Every fit says how sure it is, and is tried on a part of the
// past that it has not seen. A model whose assumptions fail is refused with the reason; few buyers are no reason, their intervals are wide.
//
// It predicts what these buyers do if they go on as they did; it knows of no season, price or campaign, and nothing of buyers to come.
//
//	fit, err := clv.FitBGNBD(histories)
//	purchases := fit.Model.ExpectedOf(history, 52)
package clv
