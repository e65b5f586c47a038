"""Write ``tests/golden/signatures.json``: ``python tests/kernels/golden_signatures.py``, once and never again.

Signatures are kept in indexes and handed to users' own LSH stores, so they must never change silently. The file holds
texts and digests of their signatures as datasketch computes them over the plain reference's tokens; nothing of the
package is used. A change of the contract needs a new FOLD_REVISION, and then a new file.
"""

from __future__ import annotations

import json
import random
import sys
from pathlib import Path

SAMPLES = """
The minister said on Tuesday that talks with the three companies had been broken off, citing figures for 1987.
SHR 12 CTS VS 1.05 DLRS; NET 4,321,000 VS 3,210,000 (LOSS) — REVS 18.5 MLN
L'été dernier, des élèves naïfs ont fêté Noël à l'hôtel où l'œuvre d'Erdoğan fut jouée.
Straße, Größe und Maß: im März fließt der Fluß weiß über die Brücke in Überlingen.
İstanbul'da yağmur yağıyor; ılık rüzgâr, IŞIK ve ışık, çığlık ile gölge.
Tiếng Việt có nhiều dấu: người, được, những, trường, Nguyễn, ở đây.
Ο πρωθυπουργός δήλωσε την Τρίτη ότι οι συνομιλίες ΣΤΑΜΑΤΗΣΑΝ πάλι.
Министр заявил во вторник, что ещё три компании прервали переговоры; йод, ёлка.
قال الوزير يوم الثلاثاء إن المحادثات مع الشركات الثلاث توقفت ١٩٨٧ مُحَمَّد
השר אמר ביום שלישי כי השיחות עם שלוש החברות נפסקו שָׁלוֹם בְּרֵאשִׁית
मंत्री ने मंगलवार को कहा कि तीन कंपनियों के साथ बातचीत टूट गई क़लम ज़मीन
মন্ত্রী মঙ্গলবার বলেছেন যে তিনটি কোম্পানির সঙ্গে আলোচনা ভেঙে গেছে
அமைச்சர் செவ்வாயன்று மூன்று நிறுவனங்களுடனான பேச்சு முறிந்தது என்றார்
รัฐมนตรีกล่าวเมื่อวันอังคารว่าการเจรจากับบริษัทสามแห่งสิ้นสุดลงแล้ว ๑๒๓
ລັດຖະມົນຕີກ່າວໃນວັນອັງຄານວ່າການເຈລະຈາໄດ້ຢຸດລົງ
រដ្ឋមន្ត្រីបាននិយាយថ្ងៃអង្គារថាការចរចាត្រូវបានបញ្ឈប់
ဝန်ကြီးက အင်္ဂါနေ့တွင် ဆွေးနွေးပွဲ ရပ်ဆိုင်းသွားပြီဟု ပြောသည်
部长周二表示，与三家公司的谈判已经破裂，一九八七年的数字为〇。
大臣は火曜日、３社との交渉が決裂したと述べた。ガギグゲゴ、ｶﾞｷﾞ、㈱トヨタ、㎞、々
장관은 화요일 세 회사와의 협상이 결렬되었다고 밝혔다. 한글 각 힣
მინისტრმა სამშაბათს განაცხადა, რომ მოლაპარაკება შეწყდა
Նախարարը երեքշաբթի ասաց, որ բանակցությունները դադարեցվել են
ሚኒስትሩ ማክሰኞ ዕለት ድርድሩ መቋረጡን ተናገሩ
Ｆｕｌｌ－ｗｉｄｔｈ ＴＥＸＴ ０１２ ﬁnancial oﬀice ½ ① Ⅷ ℻ x² H₂O ﷺ 𝐁𝐨𝐥𝐝
soft\u00adhyphen zero\u200bwidth joined\u200dword \ufeffmark 👩\u200d👩\u200d👧 flag🇫🇷 e\u0301te\u0301 a\u0308 ❤\ufe0f
""".strip()

EDGES = ["", " \n.,—", "one two three four", "one two three four five", "one two three four five six", "a" * 300, "a " * 300]


def golden_texts() -> list[str]:
    """200 texts: each sample, mixtures of their words, and edge cases."""
    rng = random.Random(21)
    samples = SAMPLES.splitlines()
    pool = [word for line in samples for word in line.split()]
    texts = [*EDGES, "a \ud800 b c d e f g", *samples]
    while len(texts) < 200:
        own = rng.choice(samples).split()
        words = [rng.choice(own if rng.random() < 0.7 else pool) for _ in range(rng.randrange(3, 25))]
        texts.append(rng.choice([" ", "\n", ", "]).join(words))
    return texts


def main() -> None:
    """Write the file."""
    tests = Path(__file__).resolve().parents[1]
    sys.path.insert(0, str(tests))
    from corpora import reference_digest

    vectors = [{"text": text, "signature": reference_digest(text)} for text in golden_texts()]
    target = tests / "golden" / "signatures.json"
    target.write_text(json.dumps(vectors, indent=0) + "\n", encoding="ascii")


if __name__ == "__main__":
    main()
