"""What is sent for mailboxes and LinkedIn accounts, as objects and as JSON."""

from reply_async.models.email_accounts import EmailAccountCredentials, MailServer
from reply_async.models.linkedin_accounts import (
    LinkedInLimits,
    LinkedInLimitsMode,
    LinkedInLimitValues,
)

CREDENTIALS = EmailAccountCredentials(
    email="sales@company.com",
    smtp_host="smtp.company.com",
    smtp_port=465,
    smtp_password="hunter-out",
    imap_host="imap.company.com",
    imap_port=993,
    imap_password="hunter-in",
)
CREDENTIALS_SENT = {
    "email": "sales@company.com",
    "smtpHost": "smtp.company.com",
    "smtpPort": 465,
    "smtpPassword": "hunter-out",
    "smtpSsl": True,
    "imapHost": "imap.company.com",
    "imapPort": 993,
    "imapPassword": "hunter-in",
    "imapSsl": True,
}
SERVER = MailServer(host="smtp.company.com", port=465, user_name="sales", password="hunter-out")
SERVER_SENT = {
    "host": "smtp.company.com",
    "port": 465,
    "userName": "sales",
    "password": "hunter-out",
    "enableSsl": True,
}
LIMITS = LinkedInLimits(
    limits_mode=LinkedInLimitsMode.FIXED,
    fixed_max=LinkedInLimitValues(daily_send_message_count=50, daily_in_mail_count=3),
    action_delay_min_seconds=60,
    action_delay_max_seconds=None,
)
LIMITS_SENT = {
    "limitsMode": "Fixed",
    "fixedMax": {"dailySendMessageCount": 50, "dailyInMailCount": 3},
    "actionDelayMinSeconds": 60,
    "actionDelayMaxSeconds": None,
}
