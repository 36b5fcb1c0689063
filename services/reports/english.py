"""The English of what the public pages say in Vietnamese: of their own words, of labels, of how figures are counted.

Titles and words of others, and what model cards say, stay as they are.
"""

ENGLISH: dict[str, str] = {
    # --- what stands around every page
    "Bỏ qua, đến nội dung chính": "Skip to main content",
    "Chính": "Main",
    "Bản tin": "Bulletin",
    "Gửi phản ánh": "Send feedback",
    "Minh bạch": "Transparency",
    "Dữ liệu mở": "Open data",
    "Bảng": "Table",
    "Vị trí trang": "Where you are",
    "Dạng máy đọc được": "For programs",
    "Thay đổi của sổ minh bạch": "Changes of the transparency register (in Vietnamese)",
    "Dữ liệu mở được dùng lại theo giấy phép": "Open data may be reused under the licence",
    "với điều kiện ghi nguồn.": "with attribution.",
    # --- the register
    "Sổ minh bạch": "Transparency register",
    "Thành phố theo dõi nguồn nào, phân loại ra sao, giữ dữ liệu bao lâu, đã trả lời bao nhiêu phê bình.": (
        "Which sources the city watches, how it labels texts, how long it keeps data, how much criticism it answered."
    ),
    "Số liệu dạng JSON": "Figures as JSON",
    (
        "Hệ thống này theo dõi nguồn nào, phân loại bài viết ra sao, giữ dữ liệu bao lâu, và đã trả lời bao nhiêu phê"
        " bình. Hệ thống xem nội dung, không xem con người: không lưu tên, tài khoản hay hồ sơ của người viết."
    ): (
        "Which sources this system watches, how it labels texts, how long it keeps data, and how much criticism was"
        " answered. It looks at content, not at people: no name, account or profile of a writer is kept."
    ),
    "Tính đến": "As of",
    "Tải số liệu ở trang dữ liệu mở": "Download figures on the open data page",
    "Theo dõi thay đổi của sổ (Atom)": "Follow changes of the register (Atom, in Vietnamese)",
    "Phê bình, góp ý, phản ánh": "Criticism, complaints, reports",
    "Phê bình là góp ý: được chuyển đến đơn vị có trách nhiệm, được trả lời và đếm công khai.": (
        "Criticism is feedback: it goes to the unit that answers for it, is answered and counted in public."
    ),
    "Loại": "Kind",
    "Đã nhận": "Received",
    "Đã trả lời": "Answered",
    "Quá hạn": "Overdue",
    "Nguồn": "Source",
    "Đính chính, đổi nhãn, yêu cầu về dữ liệu cá nhân": "Corrections, relabelling, personal data requests",
    "Việc": "What",
    "Số lượng": "Count",
    "Bản đính chính đã đăng": "Corrections published",
    "Đổi nhãn khỏi": "Relabelled away from",
    "Yêu cầu về dữ liệu cá nhân: đã nhận": "Personal data requests: received",
    "Yêu cầu về dữ liệu cá nhân: đã giải quyết": "Personal data requests: decided",
    "Yêu cầu về dữ liệu cá nhân: trễ hạn": "Personal data requests: late",
    "Bình luận bị ẩn": "Hidden comments",
    (
        "Bình luận trên kênh của thành phố chỉ bị ẩn theo quy tắc đã công bố. Phê bình, ý kiến, khiếu nại không bao giờ"
        " bị ẩn."
    ): (
        "Comments on the city's channels are hidden only by published rules. Criticism, opinions and complaints are"
        " never hidden."
    ),
    "Căn cứ": "Ground",
    "Từng bị ẩn": "Ever hidden",
    "Đang ẩn": "Hidden now",
    "Nguồn được theo dõi": "Sources that are watched",
    "nguồn đang theo dõi, tính đến": "sources are watched, as of",
    "nguồn: sources": "source: sources",
    "Chỉ đọc trang công khai và những gì được gửi đến.": "Only public pages and what is sent in are read.",
    "Nhóm": "Group",
    "Cách đọc": "Way of reading",
    "Trạng thái": "State",
    "Mục mới trong 30 ngày": "New items in 30 days",
    "Chưa theo dõi nguồn nào.": "No source is watched yet.",
    "Câu hỏi tìm kiếm đang được lưu": "Saved searches",
    (
        "Cán bộ có thể lưu một câu hỏi để được báo khi có nội dung mới. Mỗi câu phải ghi mục đích, tự hết hạn trong 180"
        " ngày, và không được chứa số điện thoại, thư điện tử, tài khoản hay số giấy tờ của ai."
    ): (
        "Officials may keep a search to be told of new content. Each states its purpose, ends within 180 days, and may"
        " not contain anybody's phone number, e-mail address, account or identity number."
    ),
    "Mục đích": "Purpose",
    "Đang lưu": "Kept",
    "Mô hình gán nhãn và sai số đo được": "Models and their measured error",
    "Máy gán nhãn, người sửa được. Mỗi nhãn mang phiên bản của mô hình đã gán; khi không đủ chắc, máy bỏ trống.": (
        "Models label, people can correct. Each label carries the version that gave it; where it is not sure enough,"
        " the model gives none."
    ),
    "Phiên bản": "Version",
    "Đang dùng": "In use",
    "Ngày làm": "Made on",
    "Dữ liệu học": "Training data",
    "Giấy phép": "Licence",
    "Giới hạn": "Limits",
    "Cách đo": "How it was measured",
    "Sai số đo được": "Measured error",
    "Nhãn": "Label",
    "Đo trên": "Measured on",
    "Số đo": "Measure",
    "Giá trị": "Value",
    "Thẻ của mô hình này không ghi số đo nào.": "The card of this model tells of no measure.",
    "Chưa dùng mô hình nào.": "No model is in use yet.",
    "Các nhãn phân loại": "The classes",
    (
        "Đây là những danh sách đóng: thêm một nhãn phải sửa cơ sở dữ liệu và mã nguồn. Không có nhãn nào chỉ quan điểm"
        " chính trị, một nhóm người hay một người."
    ): (
        "These lists are closed: a new class needs a change of the database and the source code. No class names a"
        " political stance, a group of people or a person."
    ),
    "Dữ liệu được giữ bao lâu": "How long data is kept",
    "Dữ liệu": "Data",
    "Hạn giữ": "Kept for",
    "Cũ nhất đang giữ": "Oldest there is",
    "ngày": "days",
    "Quá hạn giữ": "Kept too long",
    "Ô để trống là chưa có số liệu. Số liệu dạng máy đọc được:": "A blank cell is not known. For programs:",
    # --- open data
    "Số liệu của thành phố để ai cũng tải về, kiểm tra và dùng lại.": (
        "The city's figures for anybody to download, check and reuse."
    ),
    (
        "Mỗi bộ dữ liệu có tệp CSV và JSON, từ điển dữ liệu, và mỗi bản đã công bố giữ nguyên địa chỉ và nội dung. Ô"
        " trống là chưa biết hoặc phải giữ kín, không bao giờ là 0; từ điển của mỗi bộ nói rõ."
    ): (
        "Each data set has CSV and JSON files and a data dictionary, and each published version keeps its address and"
        " its content. A blank cell is not known or held back, never 0; each dictionary says which."
    ),
    (
        "Số theo nơi dưới mười được giữ kín, cùng những số mà từ đó tính ra được. Mỗi kỳ tháng chỉ đếm một lần khi khép"
        " lại, nên không so hai bản để suy ra được."
    ): (
        "Counts by place under ten are held back, with those from which they would follow. A month is counted once,"
        " when it is over, so that two versions cannot be subtracted."
    ),
    "Các bộ dữ liệu": "Data sets",
    "Bản ngày": "Version of",
    "dòng": "rows",
    "Chưa công bố bản nào.": "No version is published yet.",
    "Cho máy đọc": "For programs",
    "Bản mới và thay đổi (Atom)": "New versions and changes (Atom, in Vietnamese)",
    "← Các bộ dữ liệu": "← Data sets",
    "Tải bản mới nhất": "Download the newest version",
    "Từ điển dữ liệu": "Data dictionary",
    "Cột": "Column",
    "Tên": "Name",
    "Kiểu": "Type",
    "Đơn vị": "Unit",
    "Cách tính": "Formula",
    "Ô trống nghĩa là": "A blank cell means",
    "không bao giờ trống": "never blank",
    (
        "CSV mã UTF-8 có dấu thứ tự byte để Excel đọc đúng chữ Việt; ô bắt đầu như một công thức có dấu nháy đơn đứng"
        " trước, còn JSON giữ nguyên."
    ): (
        "CSV is UTF-8 with a byte order mark, so that Excel reads Vietnamese; a cell that begins like a formula has an"
        " apostrophe before it, JSON has it as it is."
    ),
    "Các bản đã công bố": "Published versions",
    "Bản": "Version",
    "Số liệu lúc": "Figures as of",
    "Dòng": "Rows",
    "Tệp": "Files",
    "Chỉ thành bản mới khi số liệu hoặc từ điển thay đổi. Bản cũ hơn danh sách này vẫn ở địa chỉ của ngày đó.": (
        "There is a new version only where figures or dictionary change. Older ones stay at the address of their day."
    ),
    "chữ": "text",
    "số nguyên": "integer",
    "số": "number",
    "ngày tháng": "date",
    "đúng, sai": "true, false",
    # --- how figures are counted
    "số đã nhận từ trước đến nay": "received so far",
    "trong đó đã trả lời hoặc khép lại": "of these, answered or closed",
    "chưa trả lời và đã quá hạn tiếp nhận hoặc quá hạn xử lý": (
        "not answered and past its time to be accepted or dealt with"
    ),
    "số bản đính chính đã đăng từ trước đến nay": "corrections published so far",
    "số lần đổi nhãn ra khỏi phê bình, ý kiến, khiếu nại; mỗi lần cần hai người và một lý do": (
        "moves away from criticism, opinion and complaint; each needs two people and a reason"
    ),
    "số yêu cầu xem hoặc xóa dữ liệu cá nhân đã nhận từ trước đến nay": (
        "requests to see or erase personal data received so far"
    ),
    "giải quyết sau hạn hai ngày làm việc, hoặc chưa giải quyết và đã quá hạn": (
        "decided after two working days, or waiting past them"
    ),
    "số bình luận từng bị ẩn trên kênh của thành phố theo quy tắc công khai; phê bình không bị ẩn": (
        "comments ever hidden on the city's channels by a public rule; criticism is not hidden"
    ),
    "trong đó hiện vẫn đang ẩn": "of these, hidden now",
    "số câu hỏi tìm kiếm đang được lưu; mỗi câu có mục đích, có hạn, và không được hỏi về một người": (
        "searches that are kept; each has a purpose and an end, and none may ask about a person"
    ),
    # --- what is kept
    "Toàn văn bài viết thu nhận": "Full text of what was collected",
    "Sự kiện nội bộ (chỉ có mã số)": "Internal events (ids only)",
    "Nhật ký kiểm toán (chỉ có mã số, không có dữ liệu cá nhân)": "Audit log (ids only, no personal data)",
    "Bản chụp số liệu và báo cáo (không có dữ liệu cá nhân)": "Frozen figures and reports (no personal data)",
    "Phản ánh đã tiếp nhận": "Reports received",
    "Liên hệ của người gửi phản ánh (mã hóa, để riêng)": "How to reach who sent a report (encrypted, apart)",
    "giữ lâu dài": "kept for good",
    "chưa đặt hạn xóa": "no limit is set yet",
    "xóa sau khi phản ánh kết thúc một số ngày, hoặc ngay khi người gửi yêu cầu": (
        "erased some days after the report is closed, or at once when the sender asks"
    ),
    # --- models
    "Lĩnh vực": "Field",
    "Loại bài viết": "Kind of text",
    "Sắc thái": "Tone",
    "Rủi ro": "Risk",
    "Lời lẽ xúc phạm": "Toxicity",
    "độ đúng": "precision",
    "độ đủ": "recall",
    "sai, kể cả bỏ trống": "error, none given included",
    "sai khi nói": "error where one is given",
    "bỏ trống": "none given",
    # --- labels
    "Bài viết làm gì: đưa tin, hỏi, phản ánh, phê bình…": "What a text does: tell news, ask, report, criticise…",
    "Bài viết nói về mảng việc nào của thành phố.": "Which part of the city's work a text is about.",
    "Sắc thái của lời văn, không phải của người viết.": "Of the words, not of who wrote them.",
    "Hàng chờ rủi ro pháp lý": "Legal risk queue",
    "Máy chỉ gợi ý, người quyết định và ghi lý do. Phê bình, ý kiến, khiếu nại không bao giờ vào đây.": (
        "A model only suggests, a person decides with a reason. Criticism, opinions and complaints never come here."
    ),
    "Kết luận kiểm chứng": "Verdicts",
    "“Chưa xác minh” chỉ dùng nội bộ, không công bố.": "“Not verified” is internal and never published.",
    "Giao thông": "Transport",
    "Môi trường": "Environment",
    "Đất đai, xây dựng": "Land, construction",
    "Hạ tầng đô thị": "Urban infrastructure",
    "Y tế": "Health",
    "Giáo dục": "Education",
    "An sinh, lao động": "Welfare, labour",
    "An ninh, quốc phòng, trật tự": "Security, defence, order",
    "Cháy nổ, cứu nạn": "Fire, rescue",
    "Thời tiết, thiên tai": "Weather, disasters",
    "Hành chính": "Administration",
    "Chính trị, đối ngoại": "Politics, foreign affairs",
    "Kinh tế": "Economy",
    "Văn hóa, du lịch": "Culture, tourism",
    "Thể thao": "Sports",
    "Khoa học, công nghệ": "Science, technology",
    "Khác": "Other",
    "Có vấn đề": "Problem",
    "Trung tính": "Neutral",
    "Tích cực": "Positive",
    "Tin tức": "News",
    "Thông báo": "Announcement",
    "Câu hỏi": "Question",
    "Phản ánh sự việc": "Report of a problem",
    "Khiếu nại, phàn nàn": "Complaint",
    "Phê bình, góp ý": "Criticism",
    "Ý kiến": "Opinion",
    "Khen ngợi": "Praise",
    "Quảng cáo": "Advertisement",
    "Nghi lừa đảo": "Suspected scam",
    "Liên kết lừa đảo": "Scam link",
    "Giả mạo cơ quan, người có thẩm quyền": "Impersonation of an agency or official",
    "Văn bản giả": "Forged document",
    "Tin sai về tình huống khẩn cấp, sức khỏe, dịch vụ (đã có kết luận công bố)": (
        "False information on an emergency, health or a service (with a published verdict)"
    ),
    "Lộ dữ liệu cá nhân": "Exposed personal data",
    "Đe dọa bạo lực một người": "Threat of violence to a person",
    "Xúc phạm danh dự do chính người bị hại báo": "Defamation reported by the person harmed",
    "Tin giả": "Fake",
    "Tin sai sự thật": "False",
    "Tin xác thực": "True",
    "Chưa xác minh": "Not verified",
    "Báo chí": "Press",
    "Cổng, trang thông tin cơ quan nhà nước": "Portals and sites of public agencies",
    "Trang tin tổng hợp": "Aggregators",
    "Diễn đàn": "Forums",
    "Kênh chính thức của thành phố": "The city's official channels",
    "Người dân gửi đến": "Sent in by citizens",
    "Nguồn cấp tin (RSS, Atom)": "Feed (RSS, Atom)",
    "Sơ đồ trang": "Sitemap",
    "Trang công khai": "Public page",
    "Gửi qua giao diện lập trình": "Sent through the API",
    "Hệ thống phản ánh khác (Open311)": "Another reporting system (Open311)",
    "Biểu mẫu công khai": "Public form",
    "Bình luận trên kênh của thành phố": "Comments on the city's channels",
    "Hộp thư tiếp nhận": "Mailbox",
    "Bảng nhập từ hệ thống khác": "Import from another system",
    "Kênh YouTube công khai": "Public YouTube channel",
    "Trang Facebook công khai": "Public Facebook page",
    "Đang theo dõi": "Watched",
    "Tạm dừng": "Paused",
    "Không còn hoạt động": "Gone",
    "Chất lượng dịch vụ công": "Quality of public services",
    "Sự cố, tình huống khẩn cấp": "Incidents, emergencies",
    "Thông tin sai cần kiểm chứng": "False information to be checked",
    "Ý kiến về chính sách, quyết định": "Opinions on policies and decisions",
    "Báo chí nói về hoạt động của thành phố": "Press coverage of the city's work",
    "Mục đích khác": "Other purposes",
}
