import { LightningElement, api } from "lwc";
import CONTACT_CONTROL from "@salesforce/schema/Contact.Followthrough_Control__c";
import LEAD_CONTROL from "@salesforce/schema/Lead.Followthrough_Control__c";
import CONTROL from "@salesforce/schema/Opportunity.Followthrough_Control__c";
import LAST_TOUCH from "@salesforce/schema/Opportunity.Followthrough_Last_Touch_At__c";
import MOMENTUM from "@salesforce/schema/Opportunity.Followthrough_Momentum__c";
import NEXT_TOUCH from "@salesforce/schema/Opportunity.Followthrough_Next_Touch_At__c";
import PAUSE_UNTIL from "@salesforce/schema/Opportunity.Followthrough_Pause_Until__c";
import SEQUENCE from "@salesforce/schema/Opportunity.Followthrough_Sequence__c";

/** Per object: what is shown, what a rep may change, and as what the server knows it. */
const OBJECTS = {
    Opportunity: {
        shown: [MOMENTUM, SEQUENCE, NEXT_TOUCH, LAST_TOUCH],
        changed: [CONTROL, PAUSE_UNTIL],
        type: "deal",
    },
    Contact: { shown: [], changed: [CONTACT_CONTROL], type: "contact" },
    Lead: { shown: [], changed: [LEAD_CONTROL], type: "contact" },
};

/** Where follow-up stands with a record, out of the record's own fields: nothing is asked of any
 * server, so it needs no trusted site, and the user sees what their permissions show. */
export default class FollowthroughPanel extends LightningElement {
    @api recordId;
    @api objectApiName;

    /** The server's address (https://…); set in the Lightning App Builder, empty for no link. */
    @api address;

    get shown() {
        return OBJECTS[this.objectApiName].shown;
    }

    get changed() {
        return OBJECTS[this.objectApiName].changed;
    }

    get page() {
        const address = (this.address || "").replace(/\/+$/, "");
        if (!address.startsWith("https://")) {
            return null;
        }
        return `${address}/subjects/${OBJECTS[this.objectApiName].type}/${this.recordId}`;
    }
}
