/** What a type of event looks like. More types are taken than are raised here: integrations register for many of WooshPay's. */
export const EVENT_TYPE = /^[a-z_]+(?:\.[a-z_]+)+$/
