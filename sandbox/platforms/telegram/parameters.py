"""The parameters of each method that is played (Bot API 10.1); those that change nothing here are taken unread."""

_SEND = {"chat_id", "message_thread_id", "disable_notification", "protect_content", "reply_parameters"}
_CAPTION = {"caption", "parse_mode", "caption_entities", "show_caption_above_media"}
_VISUAL = {"has_spoiler"}
_EDIT = {"chat_id", "message_id"}

PARAMETERS: dict[str, frozenset[str]] = {
    name: frozenset(known)
    for name, known in {
        "getMe": set[str](),
        "getChat": {"chat_id"},
        "getChatMember": {"chat_id", "user_id"},
        "getChatMemberCount": {"chat_id"},
        "sendMessage": {*_SEND, "text", "parse_mode", "entities", "link_preview_options"},
        "sendPhoto": {*_SEND, *_CAPTION, *_VISUAL, "photo"},
        "sendVideo": {*_SEND, *_CAPTION, *_VISUAL, "video", "duration", "width", "height", "supports_streaming"},
        "sendDocument": {*_SEND, "caption", "parse_mode", "caption_entities", "document"}
        | {"disable_content_type_detection"},
        "sendMediaGroup": {*_SEND, "media"},
        "editMessageText": {*_EDIT, "text", "parse_mode", "entities", "link_preview_options"},
        "editMessageCaption": {*_EDIT, *_CAPTION},
        "editMessageMedia": {*_EDIT, "media"},
        "editMessageReplyMarkup": {*_EDIT},
        "deleteMessage": {"chat_id", "message_id"},
        "deleteMessages": {"chat_id", "message_ids"},
        "pinChatMessage": {"chat_id", "message_id", "disable_notification"},
        "getUpdates": {"offset", "limit", "timeout", "allowed_updates"},
        "setWebhook": {"url", "secret_token", "max_connections", "allowed_updates", "drop_pending_updates"},
        "deleteWebhook": {"drop_pending_updates"},
        "getWebhookInfo": set[str](),
    }.items()
}
