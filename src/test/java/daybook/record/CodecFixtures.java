package daybook.record;

import java.nio.charset.StandardCharsets;
import java.util.Base64;
import java.util.List;
import java.util.Random;

/**
 * Small inputs made by the reference encoders: the compression classes of Apache Kafka 4.3.1 ("Kafka's
 * writer"), snappy-java 1.1.10, zstd-jni 1.5.6, and the commands lz4 1.9.4 and zstd 1.5.4. What they stand
 * for is made here again from a seed, so that only the compressed bytes are written down. Together those of
 * zstd have every type of block, of literals and of table, one and four streams, and each way to name an
 * offset.
 */
final class CodecFixtures {
    private static final String[] WORDS = ("the daybook of a broker keeps every record in order offset batch"
            + " segment index epoch leader 0 1 17 2026 = , .").split(" ");

    record Fixture(String name, Codec codec, byte[] content, String base64) {
        byte[] compressed() {
            return Base64.getMimeDecoder().decode(base64);
        }

        @Override
        public String toString() {
            return codec + ": " + name;
        }
    }

    private CodecFixtures() { }

    /** Text of {@code length} bytes; common words come more often. */
    static byte[] words(int length) {
        var random = new Random(length);
        var text = new StringBuilder();
        while (text.length() < length) {
            text.append(WORDS[(int) (WORDS.length * Math.pow(random.nextDouble(), 2))]);
            text.append(random.nextInt(9) == 0 ? "\n" : " ");
        }
        return text.substring(0, length).getBytes(StandardCharsets.ISO_8859_1);
    }

    static byte[] noise(int length) {
        byte[] bytes = new byte[length];
        new Random(length).nextBytes(bytes);
        return bytes;
    }

    /** Few matches, uneven bytes. */
    static byte[] skewed(int length) {
        var random = new Random(length);
        byte[] bytes = new byte[length];
        for (int i = 0; i < length; i++) {
            bytes[i] = (byte) random.nextInt(1 + random.nextInt(40));
        }
        return bytes;
    }

    /** Zeros, and a one in about twenty. */
    static byte[] rareBits(int length) {
        var random = new Random(length);
        byte[] bytes = new byte[length];
        for (int i = 0; i < length; i++) {
            bytes[i] = (byte) (random.nextInt(20) == 0 ? 1 : 0);
        }
        return bytes;
    }

    /** Rows that differ in one digit. */
    static byte[] rows(int count) {
        var random = new Random(count);
        var text = new StringBuilder();
        for (int i = 0; i < count; i++) {
            text.append(random.nextInt(10)).append(",abcdefgh,");
        }
        return text.toString().getBytes(StandardCharsets.ISO_8859_1);
    }

    static byte[] repeated(byte[] pattern, int length) {
        byte[] bytes = new byte[length];
        for (int i = 0; i < length; i++) {
            bytes[i] = pattern[i % pattern.length];
        }
        return bytes;
    }

    static final List<Fixture> ALL = List.of(
        new Fixture("Kafka's writer", Codec.GZIP, words(600), """
            H4sIAAAAAAAA/2VRQRLCMAi85xU8wHFSD3ryMbSl1qkWJ+04+ntDAI16acMCyy7wMCy0AqeeEjQHSNTlN2yhTTxlyOIW124M
            Od/js2WegG7cjZ+28gjrSNCU70R0WwBhodOV5vXd9vtHOM9Ad0pP4CFH0mthofa689zTQ/OBVXJ0DYNNk9y3amEzhqKKa7MC
            KBhQSKINFmwTimHnQS/MTlWJs+7ibg8XwlprwXJloQs67F+XIdm+9xlibFWNDncNZckHzxmORq2CDJSFYPheoUdRvERopNbW
            4gvB0FR3QJ+kG1GWY63STOkR/FAvkwl0hlgCAAA="""),
        new Fixture("Kafka's writer, nothing", Codec.GZIP, words(0), """
            H4sIAAAAAAAA/wMAAAAAAAAAAAA="""),
        new Fixture("two members", Codec.GZIP, words(500), """
            H4sIAAAAAAAA/1WOQQ6DQAhF957iH6G6sCsPw8xgxmjEEGPq7Qul06QLQt7wH8yyF36h0J1EVvQ4K2NjKqxY9g95DY9h/EFS
            WW3c0Es5i5YmBnUyo3+CL9bbd/EhuXbtEiHRmat19wkWNsfk/69EaIpAJB3ou81fQnsD+Ethq8gAAAAfiwgAAAAAAAD/TU9b
            DsIwDPvvKXKAqYJ9wHm6NWWosExdhdjtcfpA+0giObbjWLKUF6bEsyRvUJzouQKVQANa2DmTI/5wOgDs/Hjzqgj2Kpxcnhfy
            7phEIpSev43cscoo3CQR9hJMZN72gtnGrpdf7HS4loeu97ZoQXD0b3K2rB4KaCG/jh5gvIy3E8NpNyWV6fJNELH/Vp8Yqk65
            FinB/wGu8OZULAEAAA=="""),
        new Fixture("Kafka's writer", Codec.SNAPPY, words(600), """
            glNOQVBQWQAAAAABAAAAAQAAAUzYBHhvZmZzZXQgb3JkZXIgMTcgcmVjb3JkIC4gYnJva2VyERBUYmF0Y2gKMTcgZGF5Ym9v
            ayBlcG9jaBk3BUAUCnRoZSAxBQY4a2VlcHMgYSBzZWdtZW50FTcRPxEIPGEgaW4gZXZlcnkgb2YgYSABQg0PBZIRKBBpbmRl
            eAkgAAoNswAwEYQAZg1uDHRoZQo2tgABTg1CBZYNOglbAR0BBAxvZgphAX0AMA15ARQILApiAfER/gmYBG9mIQEJihFWHDIw
            MjYgbGVhIT4NFAAgBRQEMTcJTwAKCW1GmAANEgRpbhU4DRINTgGHDRIBCwRvZg0HBckEMTcRHA0YAGENqwmRDRUhEQRhChGX
            MrkABCAwAcwIMCAxASwtFwFnAQQIYQoxBQgAZSWXAGERahBiYXRjaA1GBD0gHaZNMzRrZWVwcyBpbmRleCBhIA=="""),
        new Fixture("Kafka's writer, several blocks", Codec.SNAPPY, repeated(words(90), 40_000), """
            glNOQVBQWQAAAAABAAAAAQAABkuAgAKoc2VnbWVudCAxIGVwb2NoCiwgaW4gbGVhZGVyIGJhdGNoIGluZGV4CnRoZQEaJGtl
            ZXBzCjEgb3IVIQAKCQwQdGhlIDAFBg1TDQf+WgD+WgD+WgD+WgD+WgD+WgD+WgD+WgD+WgD+WgD+WgD+WgD+WgD+WgD+WgD+
            WgD+WgD+WgD+WgD+WgD+WgD+WgD+WgD+WgD+WgD+WgD+WgD+WgD+WgD+WgD+WgD+WgD+WgD+WgD+WgD+WgD+WgD+WgD+WgD+
            WgD+WgD+WgD+WgD+WgD+WgD+WgD+WgD+WgD+WgD+WgD+WgD+WgD+WgD+WgD+WgD+WgD+WgD+WgD+WgD+WgD+WgD+WgD+WgD+
            WgD+WgD+WgD+WgD+WgD+WgD+WgD+WgD+WgD+WgD+WgD+WgD+WgD+WgD+WgD+WgD+WgD+WgD+WgD+WgD+WgD+WgD+WgD+WgD+
            WgD+WgD+WgD+WgD+WgD+WgD+WgD+WgD+WgD+WgD+WgD+WgD+WgD+WgD+WgD+WgD+WgD+WgD+WgD+WgD+WgD+WgD+WgD+WgD+
            WgD+WgD+WgD+WgD+WgD+WgD+WgD+WgD+WgD+WgD+WgD+WgD+WgD+WgD+WgD+WgD+WgD+WgD+WgD+WgD+WgD+WgD+WgD+WgD+
            WgD+WgD+WgD+WgD+WgD+WgD+WgD+WgD+WgD+WgD+WgD+WgD+WgD+WgD+WgD+WgD+WgD+WgD+WgD+WgD+WgD+WgD+WgD+WgD+
            WgD+WgD+WgD+WgD+WgD+WgD+WgD+WgD+WgD+WgD+WgD+WgD+WgD+WgD+WgD+WgD+WgD+WgD+WgD+WgD+WgD+WgD+WgD+WgD+
            WgD+WgD+WgD+WgD+WgD+WgD+WgD+WgD+WgD+WgD+WgD+WgD+WgD+WgD+WgD+WgD+WgD+WgD+WgD+WgD+WgD+WgD+WgD+WgD+
            WgD+WgD+WgD+WgD+WgD+WgD+WgD+WgD+WgD+WgD+WgD+WgD+WgD+WgD+WgD+WgD+WgD+WgD+WgD+WgD+WgD+WgD+WgD+WgD+
            WgD+WgD+WgD+WgD+WgD+WgD+WgD+WgD+WgD+WgD+WgD+WgD+WgD+WgD+WgD+WgD+WgD+WgD+WgD+WgD+WgD+WgD+WgD+WgD+
            WgD+WgD+WgD+WgD+WgD+WgD+WgD+WgD+WgD+WgD+WgD+WgD+WgD+WgD+WgD+WgD+WgD+WgD+WgD+WgD+WgD+WgD+WgD+WgD+
            WgD+WgD+WgD+WgD+WgD+WgD+WgD+WgD+WgD+WgD+WgD+WgD+WgD+WgD+WgD+WgD+WgD+WgD+WgD+WgD+WgD+WgD+WgD+WgD+
            WgD+WgD+WgD+WgD+WgD+WgD+WgD+WgD+WgD+WgD+WgD+WgD+WgD+WgD+WgD+WgD+WgD+WgD+WgD+WgD+WgD+WgD+WgD+WgD+
            WgD+WgD+WgD+WgD+WgD+WgD+WgD+WgD+WgD+WgD+WgD+WgD+WgD+WgD+WgD+WgD+WgD+WgD+WgD+WgD+WgD+WgD+WgD+WgD+
            WgD+WgD+WgD+WgD+WgD+WgD+WgD+WgD+WgD+WgD+WgD+WgD+WgD+WgD+WgD+WgD+WgD+WgD+WgD+WgD+WgD+WgD+WgD+WgD+
            WgD+WgD+WgD+WgD+WgD+WgD+WgD+WgD+WgD+WgD+WgD+WgD+WgD+WgD+WgD+WgD+WgD+WgD+WgD+WgD+WgD+WgD+WgD+WgD+
            WgD+WgD+WgD+WgD+WgD+WgD+WgD+WgD+WgD+WgD+WgD+WgD+WgD+WgD+WgD+WgD+WgD+WgD+WgD+WgD+WgD+WgD+WgD+WgD+
            WgD+WgD+WgD+WgD+WgD+WgD+WgD+WgD+WgD+WgD+WgD+WgD+WgD+WgD+WgD+WgD+WgD+WgD+WgD+WgD+WgD+WgD+WgD+WgD+
            WgD+WgD+WgD+WgD+WgD+WgD+WgD+WgD+WgD+WgD+WgD+WgD+WgD+WgD+WgD+WgD+WgD+WgD+WgD+WgD+WgD+WgD+WgD+WgD+
            WgD+WgD+WgD+WgD+WgD+WgD+WgD+WgD+WgD+WgD+WgD+WgD+WgD+WgD+WgD+WgD+WgD+WgD+WgD+WgD+WgD+WgD+WgD+WgD+
            WgD+WgD+WgD+WgD+WgD+WgD+WgD+WgD+WgD+WgD+WgD+WgD+WgD+WgD+WgB6WgAAAAGbwDiIMSBlcG9jaAosIGluIGxlYWRl
            ciBiYXRjaCBpbmRleAp0aGUBGiRrZWVwcwoxIG9yFSEACgkMASEAMAUGGHNlZ21lbnQNBwAg/loA/loA/loA/loA/loA/loA
            /loA/loA/loA/loA/loA/loA/loA/loA/loA/loA/loA/loA/loA/loA/loA/loA/loA/loA/loA/loA/loA/loA/loA/loA
            /loA/loA/loA/loA/loA/loA/loA/loA/loA/loA/loA/loA/loA/loA/loA/loA/loA/loA/loA/loA/loA/loA/loA/loA
            /loA/loA/loA/loA/loA/loA/loA/loA/loA/loA/loA/loA/loA/loA/loA/loA/loA/loA/loA/loA/loA/loA/loA/loA
            /loA/loA/loA/loA/loA/loA/loA/loA/loA/loA/loA/loA/loA/loA/loA/loA/loA/loA/loA/loA/loA/loA/loA/loA
            /loA/loA/loA/loA/loA/loA/loA/loA/loAlloA"""),
        new Fixture("raw", Codec.SNAPPY, words(700), """
            vAXwPmJhdGNoIG9yZGVyIDAgaW4gc2VnbWVudCBvZiBkYXlib29rID0gMTcgcmVjb3JkCnRoZSBrZWVwcyAuIGxlYQE3AGsF
            DwAsAT0EMTcVQAAsDVURUAkmCHRoZRE3CXQ8YnJva2VyIGEgMSBlcG9jaBUwASosZXZlcnkgb2Zmc2V0BREBFQ0PEZ0NQQBi
            BcgRFQRvZgGLBS4F2hEYEGluZGV4BcQJzzoHAA1bDHRoZQoNVwBhDYQEMQoZwAxpbgowDXAAMQEsDbkRZBkpCQoAYgWaCQwR
            JAWaDGYgLAoJHQEPADAFBgEKAQQNnwELAC4Jtg1sAZwAbCl4AR0JsgAKKSkRXhhvZiAyMDI2BSEAYgF+Db090wE8AUsBCAlE
            AQ8EID0VRC0ACCwgYS43AA1iAAoNnyVPBTkALBGyACwpDgVZCfQBZwRvZgEHBQQYLgphICwgLgmZEVEVCAAsRUgQZGV4IGEF
            QwnZDY08MCAxIDEgYmF0Y2ggc2VnbQ=="""),
        new Fixture("raw, nothing", Codec.SNAPPY, words(0), """
            AA=="""),
        new Fixture("raw, long literal", Codec.SNAPPY, noise(300), """
            rAL0KwGOUP2/wbDuy2VYEEx9ITjGyUj/uzm5VyXQdgK1K/AXPrOQ5hwHWELKL7K9rVd/FHbQkGi9+lj+vs6QEIVq75HgYOfm
            dYWKgMuy/RzT4/90OOSfPl36+C3luTUByK5fTpnh3tTi9yhD+QDjP5O8LnoH4wXc3iAFUKSECgQVz4S9PMST+FsOc5jlC7AD
            7ZURNWwuRR1ShsO05URUjrn4KQWiXTnqse1xzCUtsYIStNZsySkfU+L75nhDtFi5QSm44nNDrgxcrzIFRKEZKJNy0/t+vvCB
            D4LxmpuyTtwctZxJStEgFi/f0DvhB3woQLzSXYPbHoBI0WZqCsDeQ7TE//eppsNYCf5QXMjk0mBdlbNJau+SxdzTzroPhDMp
            ZNLKezQlkr3GAEuWQh8Z3i4="""),
        new Fixture("raw, runs", Codec.SNAPPY, repeated(new byte[] {7}, 5_000), """
            iCcAB/4BAP4BAP4BAP4BAP4BAP4BAP4BAP4BAP4BAP4BAP4BAP4BAP4BAP4BAP4BAP4BAP4BAP4BAP4BAP4BAP4BAP4BAP4B
            AP4BAP4BAP4BAP4BAP4BAP4BAP4BAP4BAP4BAP4BAP4BAP4BAP4BAP4BAP4BAP4BAP4BAP4BAP4BAP4BAP4BAP4BAP4BAP4B
            AP4BAP4BAP4BAP4BAP4BAP4BAP4BAP4BAP4BAP4BAP4BAP4BAP4BAP4BAP4BAP4BAP4BAP4BAP4BAP4BAP4BAP4BAP4BAP4B
            AP4BAP4BAP4BAP4BAP4BAP4BAP4BAA0B"""),
        new Fixture("Kafka's writer", Codec.LZ4, words(700), """
            BCJNGGBAgqwBAADwMGJhdGNoIG9yZGVyIDAgaW4gc2VnbWVudCBvZiBkYXlib29rID0gMTcgcmVjb3JkCnRoZSBrZWVwcyAu
            IGxlYTcAAg8AECw9ACUxN0AAEyxVAARQAAImAAA/AAM3AAJ0APUBYnJva2VyIGEgMSBlcG9jaEAAACoAsmV2ZXJ5IG9mZnNl
            EQAAFQADDwAEnQADQQACyAAEFQAgb2azAAEuAAHaAAQYAFFpbmRleMQAAs8AA9YABAcAA1sAQ3RoZQpXABNhhAAmMQrAAENp
            bgowcAARMWQAArkABGQABikAAgoAAioAAgwABCQAADYAUm9mICwKHQAADwARMEsAAAoAAAQAA58AAAsAEi62AANsAACcAANB
            AQAdAAKyABIKpQAEXgBxb2YgMjAyNlEAAWEAA70AB9MBADwAAEsAAAgAAkQAAS4AFT30AQMAATgsIGEKAgNiABMKnwACmQAA
            RAAULEMBEizHAQFkAQL0AABnACFvZl8AACoAcy4KYSAsIC5BAQNRAAV3ABEsSAJRZGV4IGFDAALZAAONAPABMCAxIDEgYmF0
            Y2ggc2VnbQAAAAA="""),
        new Fixture("Kafka's writer, nothing", Codec.LZ4, words(0), """
            BCJNGGBAggAAAAA="""),
        new Fixture("Kafka's writer, several blocks", Codec.LZ4, repeated(words(90), 140_000), """
            BCJNGGBAglcBAADwHHNlZ21lbnQgMSBlcG9jaAosIGluIGxlYWRlciBiYXRjaCBpbmRleAp0aGUaAKVrZWVwcwoxIG9yIQAS
            CgwAACEAETAGAANTAAMHAA9aAP//////////////////////////////////////////////////////////////////////
            ////////////////////////////////////////////////////////////////////////////////////////////////
            ////////////////////////////////////////////////////////////////////////////////////////////////
            //////////////////////////////////////////////////////////////////////////////+HUHBvY2gKVAEAAPAM
            LCBpbiBsZWFkZXIgYmF0Y2ggaW5kZXgKdGhlGgCla2VlcHMKMSBvciEAEgoMAAAhABEwBgBzc2VnbWVudAcAnyAxIGVwb2No
            CloA////////////////////////////////////////////////////////////////////////////////////////////
            ////////////////////////////////////////////////////////////////////////////////////////////////
            ////////////////////////////////////////////////////////////////////////////////////////////////
            /////////////////////////////////////////////////////////45QIGJhdGN3AAAA8hRoIGluZGV4CnRoZSBpbiBr
            ZWVwcwoxIG9yZGVyIGJhdGNoCgwAACEAETAGAHNzZWdtZW50BwCgIDEgZXBvY2gKLEAANWxlYTkAD1oA////////////////
            /////////////////////////////49QbiBrZWUAAAAA"""),
        new Fixture("stored block", Codec.LZ4, noise(300), """
            BCJNGGBAgiwBAICOUP2/wbDuy2VYEEx9ITjGyUj/uzm5VyXQdgK1K/AXPrOQ5hwHWELKL7K9rVd/FHbQkGi9+lj+vs6QEIVq
            75HgYOfmdYWKgMuy/RzT4/90OOSfPl36+C3luTUByK5fTpnh3tTi9yhD+QDjP5O8LnoH4wXc3iAFUKSECgQVz4S9PMST+FsO
            c5jlC7AD7ZURNWwuRR1ShsO05URUjrn4KQWiXTnqse1xzCUtsYIStNZsySkfU+L75nhDtFi5QSm44nNDrgxcrzIFRKEZKJNy
            0/t+vvCBD4LxmpuyTtwctZxJStEgFi/f0DvhB3woQLzSXYPbHoBI0WZqCsDeQ7TE//eppsNYCf5QXMjk0mBdlbNJau+SxdzT
            zroPhDMpZNLKezQlkr3GAEuWQh8Z3i4AAAAA"""),
        new Fixture("linked blocks, every checksum, content size", Codec.LZ4,
                repeated(noise(150), 70_000), """
            BCJNGFxAcBEBAAAAAADjoQEAAP+Hx1tivn5e/aBzp0wqW4vV2X8cuqcVm34MVMl3d+FrPCwnNBMHg9yc1alVFsjOH111MZBo
            PEsSCAFAmxdfsY9r3X0hrzhjrxvyo59wiAz6jv/8/G7rBuiU91bqsBVGl4v+lmI7Ncl4DnFcQAJn5QjOcU3OabfsSom+ABRq
            gfwHYqqid8Y88onqJ9GsSyPhBgG6N+MGCnT+lgD/////////////////////////////////////////////////////////
            ////////////////////////////////////////////////////////////////////////////////////////////////
            ////////////////////////////////////////////////////////////////////////////////////////////////
            ////////////////////////////////////////////////////////////////////////////////////////////UlA8
            8onqJ7wcVbAbAAAAD5YA//////////////////////9pUP6WYjs1zPsArwAAAACtRUg7"""),
        new Fixture("high compression", Codec.LZ4, repeated(words(900), 3_000), """
            BCJNGHRAvdcBAADwFmJhdGNoIG9mCmxlYWRlciBicm9rZXIgc2VnbWVudCBhCmEgb3IZAJRpbiAyMDI2CmEjADF0aGUEAAMP
            ABEuDQAhb2YHAFFrZWVwcwoAc2RheWJvb2sSAAc7AAMqABUwIgAADgBQZXZlcnlrACAxNwYAwHJlY29yZCBpbmRleBMAETCD
            AAA7AAIaAMUKaW4gb2Zmc2V0CmGzAASYACVvZlsABAgAA38AAvQAHDDCABEsDQACCAEAPgAzYSBhKwAjMTffAAORAAbjAAi9
            AAReAAEHABQKGgAUMTUAA1kAiWVwb2NoIC4KLgADFgACDQAAfAA1LiAs0QAXLE8BDnYAQGEgMTcJABIKCQEFwAAWcgYARTE3
            CjE0AAMnABFhPQAUMXMABa4AAHcBFGFyAQUiAQZ7AAFyAUQgMCAsEQIKpQEAiQACzAADQQEC0gEgb2amAAN7AARRAAR0AAdV
            AQSOAgFIAAQAASJpbioCFQr4AQQ7ABIK6AEBVgAFaQAGUgICrAACBAECWgACmwADUQABvgALBAICRgACBgALRQIIDAEUYYkA
            BtECMwoxN18AAakCA5YAAycAA4QABGgCIzE3LwECBgAPhAP//////////yRQIC4gdGiDyhCZAAAAACUzSFI="""),
        new Fixture("Kafka's writer, Huffman in four streams", Codec.ZSTD, words(2_500), """
            KLUv/QBYxBcAthM0G4A1bQMoeBtxk/jRKMjaLyGjL7nINi3mpGuHATEAKwApAIn2q1IAIA8/urKga/DNwzn6Yykh1w+GzMIR
            QQ35xMqBPCIPlZ5oX1AdJPD4ygMz4BdnbEdzMSrZPNHij/rojz7RCgpTWCV0okUXu0pOtGgf9bH0Rg4RFgcqJVoH5XY3R6PJ
            8VzKVbpKNqz8fvQqIeKNmZ/xxoLCFPdEm2iP3u0+PPqjJw8rj6U+m68Qw24/apgNs4nPTlQ6Ig97olXpfNSJViUbZtA27Gi7
            oxVy44EVqJGmIk2SPfYMIQQIQoGkJfURICiOWqhomg43jwQZBjXvudk2UeIrV/Dmwak6mvn/NZ6eQrthniRc4Uvl2DGPr+B6
            xWqRDhVxxOoo9Dg4Re4ijJwUWEBtlyNPemUlfM54Rw7E4YjoqXgoV/YuolWw684XNVJrQLHGFG1oBBByQyzVmGKRzfjCibaB
            3vvTsZ7RvZl3whtoGBtdTjWnJCBdurmzTg6OqTyweiIa1G50zVkC8hoNKX5qERHaQrVNgAZVBr0jZC9TkT+JN3kv8twD9MTG
            2ERWuOc9M2Y+kmrU1Y5CvhfuNSpXsIVYUPD35BDIr+BNJjuZgziyZOxw0/n+xZvNE4ZExVBg+cmC+w6UvzeTceBLmI6K4huU
            mPZbQoWczLBgoOOgOwpD9YOVyLjVulFuYWrrMkSMt4hcOLYBbvltd6XCQBbzB3k9jLFVBT64Wy/n+y/NAefQH2M0V8qdaFSg
            CEP6cUJMMUixVtEZEeFcSRssWqKHYgrCCDXglYBeZgnR3b1HJBXnTHa0Ekb/xqpaxTTVJwhV+dAGThpFSQ7W090T2xmRgcJm
            gyomejwY3S79/Oz2B5Bt6SjAAET0WpAUaF2y8ssx0gOa0FkHHAnb4kUSv81K61kJ8V2BO6hM0d74RgjaLq5CpdZm+4sZzQXk
            33hWSNUQNbAdR3M7seC4gm3gdUBwFm9aR+0y+LLsTRl0br0kULY9doqMcDaagAZZFQEAAA=="""),
        new Fixture("Kafka's writer, nothing", Codec.ZSTD, words(0), """
            KLUv/SAAAQAA"""),
        new Fixture("Huffman in one stream", Codec.ZSTD, words(240), """
            KLUv/SDwTQQA8oUTGJCpOfgrBWL49pR8maTb3dWM98MG19uxBPeVsFNJ0AoXHWlOYdD0uvvCphDjQ42SYAiMBnpHG76A3pv+
            kxhDp+Op4Q9jFVKMsqmMMHgFFwBII8oECppwpDeCqYFWAIANbCHAVAJMRjyPHF8g0FUcoC6dFDKoOSFcwCaJnGld2tTcW9n7
            6rw="""),
        new Fixture("literals only", Codec.ZSTD, skewed(800), """
            KLUv/WAgAsUPAAYyfREQYHLpASiKjj6x9QOlFa/JFHYAdQB5AAkvNv+BM3YG2MqHnNSrJv6jDiO6JUw0Y1VYri39TE+aE3tg
            LAGnNjtH15G3ldAWvfTPDYHqNb38Wiz40PlhDwC5Cb+N+BWj6uTqVld3GIUmLm0kV7FPrXNo/BAByiBSVe4t/yvVOV2EzIug
            FkofKb+357KUFgKqzJfaRiNwVGj0fHC45M26qug1bswpGECRAE6czwCUWO5lsM9sJ8YAlTd5VA16NtQO0eiyi8pvlyHiCzJF
            Ad1rebmclvSJR2PTJo/1F6ZC9lgqNbbTKhKXOusTygjXKMoD65Z9IxNuU80cmcOIUHEADmYRk3eucVKOSIhy8PY3YnIkUR9B
            sPjYZDX6j/kiulEBR3fGsYqnaJoKnl6xgZFPjmw7XyrKGkUx0K9rXcLp/x6Uyx5CAPIvHgiG43sIYw7SltU/GGWpFiulU8iE
            URyKBTMiC7J81JUIm/oByL05F5LgdSRfrcV7WLs/DpYBBStH1SbruT5LYTFlbEVE06B4V63y/yQ7Mqv80Nt0CcyaQjOcph6q
            vY4B7gcymzHQwGMcwiHgmyDwuM3VHn6Ca59RaRuCg0BMbwCTaVzeGTFluBz2ORpK/CrEJCF1otV/d3CgE23qvdG1UroFhtew
            s5h/EMCDtVySAA=="""),
        new Fixture("raw block", Codec.ZSTD, noise(300), """
            KLUv/WAsAGEJAI5Q/b/BsO7LZVgQTH0hOMbJSP+7OblXJdB2ArUr8Bc+s5DmHAdYQsovsr2tV38UdtCQaL36WP6+zpAQhWrv
            keBg5+Z1hYqAy7L9HNPj/3Q45J8+Xfr4LeW5NQHIrl9OmeHe1OL3KEP5AOM/k7wuegfjBdzeIAVQpIQKBBXPhL08xJP4Ww5z
            mOULsAPtlRE1bC5FHVKGw7TlRFSOufgpBaJdOeqx7XHMJS2xghK01mzJKR9T4vvmeEO0WLlBKbjic0OuDFyvMgVEoRkok3LT
            +36+8IEPgvGam7JO3By1nElK0SAWL9/QO+EHfChAvNJdg9segEjRZmoKwN5DtMT/96mmw1gJ/lBcyOTSYF2Vs0lq75LF3NPO
            ug+EMylk0sp7NCWSvcYAS5ZCHxneLg=="""),
        new Fixture("runs", Codec.ZSTD, repeated(new byte[] {7}, 400_000), """
            KLUv/aCAGgYAVAAAEAcHAQD7/znAAgIAEAcCABAHA9QABw=="""),
        new Fixture("several blocks, checksum", Codec.ZSTD, repeated(words(400), 400_000), """
            KLUv/aSAGgYA9AUAkscWGJCnbYhL7LwOVss7kbW708VKmEZ9ztfWDGliKUFRilJ85+OisXfOjM/GPq6lXGqPpGQAO66RpnH1
            cdGdcFwfmSc5ZGP9kXos0RtuA8JLGSn8hwN6pOnj+nC0VCcgMELjGPZt/pPlKYAhOMABQVs5jmbwaABmQtL5SIZYyyEaAQ05
            xkdZ141AysBLrukzu2+I9C5fAwghIMzgwyBEExBAIQ6kBEc3yIcXT69HLDKxy0DM4TWQvLW+fRVKHUwAAAhoAQD8/zkQAkwA
            AAhzAQD8/zkQAkUAAAh0AQB82gMhyl8GEg=="""),
        new Fixture("fast level", Codec.ZSTD, words(1_000), """
            KLUv/WDoAp0RACQYYmF0Y2ggYnJva2VyIHRoZSBvZiBpbiBldmVyeSAsCnNlZ21lbnQgb2YgZGF5Ym9vayAsIGEgMCBhIGRh
            eWJvb2sgdGhlCmxlYWRlciByZWNvcmQgaW4gYQppbmRleCBhIGEgLCBhCj0gdGhlIGluIG9mIHRoZSB0aGUgaW4xNyB0aGUg
            ZXZlcnllcG9jaApvZiBlcG9jaCB0aGUgaW5yZWNvcmR0aGVrZWVwcyBvcmR0aGUKb3JkZXIgMjAyNgphIHRoZSB0aGUKMTcg
            aW5hID1hIDE3dGhlIHRoZSAwIHRoZSByZWNvcmQgYmF0Y2ggMCBpbiAxNyB0aGVhIG9mZnNldG9mMSBsZWFkZXIgaW5kZXgK
            ZGV4IGVwb2NoICwKID0gLGEKa2VlcHMgYSBvZj0ga2VlcHNvZmZzZXQgb2ZpbiBvZmEKaW4gdGhldGhlIGV2ZXJ5CgosIG9m
            ZnNldG9mICwxdGhlIGFhIGJyb2tlciBiYXRjaCBvZiBpbmRleCBSqDEWmZkZsaCFhRqtASACghBz2QEQEOSgpLQGInjgIQaT
            EHtbog15wqVkGJOvUjd46SMR0mJHntSyEuaB/JMoPpmZ3zkOxUI0trQ9C1UjNRRKB96fr0nrqgG/jNaZERGavNU7h+A6139I
            z8Z68gkxWGG/DJ82663oObRwK/SK6a0SRl5tSVrbDbnJwMvqvG8gICjKeTjxIwbd4GlxKz7KqYWFqpA60azF3FjZaakC"""),
        new Fixture("flushed blocks that use their Huffman table again, checksum", Codec.ZSTD,
                words(5_000), """
            KLUv/QRI9BkAZmdgGpClzQHoryxfaZFqE7S5BOzOXkmvSau7XpVnVwBYAFoAg1vpoeD21HTx8HNvaR/8uYmU/VJT9HZK/dwr
            jp+rsH/dwFOCnDAYnVwA4IpTU/Tm4RJkryilfq4TJOEDTmH/uuf6udee8AFuX9oOP/cSLR5eqseCyc8N7F9DosWjOKewf/m5
            Sn0EhCEOPvfQxXF7aqqwfw1GYf8SEIYwbGwSxM89k0jZT1DYv6zUiRaP8/Bcs7QPfs9F43N9jM8deEoQo48TLR4CwhAWjG5P
            Tb20B8/1cM+1EQSEIS7R4nHPtaEEhCGssH+h8XOL4+JYQBjCCWLDSk8ZG37uwJO5W9oHV9i/EgQvkbIXx0v74E2Lo7B/Le2D
            33OLY8EG/VzDpzgeeEoQwc+1UpumSmuliZQ90eIhJFJ2XDyK4wRxImVXencMP9do4+fec699aTvQCWKlRuEMhf0rQZb2wQee
            EuRYKQ48FceGzy3tgyu1OURjdCJlPsfHxRlcHKU23itqMJQaL4DXqNEhQsZmRJImaTMgQmIUY2YeEBAhlUycxuDBcyFo+0NF
            veOHHTmhM760H8DJt4SBrvNjm7noTH5tn2BdABzQHp+RbrGOoOqO7Vgr5JOrG4rMZiVZgRoMxPvRt4E76N3vV2dm8l27t0SW
            pxtM0mPYvvibQ70PP7ZSWrJT1gHhl3L1sAU+QBzdAQCsgMScgsZ2M+earvHoRBQjAL4HHrotWhWIqF3SviyCRC4CgPQckCP3
            JA+OKgAFzPUS9S7k61ivAu9HeXtIcGrWj4gz79c7rphXhljRFRrBR0lELv1ruegdbMyqIdANFW7DInHUsScpthAe/rIPPX/V
            2e6V5x9IVCp1udD/FIdznqcxD/detQz0kpXic9Rlif6rK8M7ashkcIReqvdLi05AruCsLUc4pMa989ohedzLqW8wc1Vx9C+P
            OVzdAdAT20r+2ZPqrtUMBq0OVh+gW0spaYrLAy0Bp2LB88SL83hd0HxfvPWnLafuiqo9ZYYQM0BbbUKLJ7B9owZ5YsZCLgUr
            4u9k2rczoCThMUX5kDQcTNUwCYaLyBRs2GqHoln53lUChRE2Up4Phm8vNQOM4KpEFgD30y4uAC0ALABK77lKDT/3lA4DGv3c
            G2z83IGnBPHxcy0oVSogDGHDPLc4t7QP7uIMFoqztA8CeMU5tJAgLo7RSttTU5/SvaISxIOfm0jZ0cfo59oMgpWeISTI0j64
            cZho8ShO6wRZ2gdXurQPPhifmyBK77nHeImU3UptRD/3uYOPgDDECU6k7Fece64FJ0ho8TAOPCWIcYbRSm040eJRHCv1cxMk
            0eJxSo+LBDlzwjE6QYwujoAwhJ97xj0DgPeoYZqjIUmSYQ0gQkKMUlXmARASgZRqOGkNh5BFlqskfQmcr35jBMQ2IuEMVvUZ
            gyDnVPQXpdK2acxFpAntDCfvrSiOXD1y8j62N3/4ZIaod+8gY42IuduXESsMWx8SFQD7WK+aayGl1IlRpSonxdcyksz/dwr4
            sGLygiIxAtfwUPm4EoIXPPMkaUIVSEVkkH+JP3LQHi8ENRYU/nW00sxiDivcCYSdWF63FN7PexMcCHFZsw1OAhe9Eh/4Dqyy
            w3kFz1JaAMlmkqydklKji/GZSrZoEh+vWDE2LKrSnLPypX3EdCaHc5i0+0mAQGeTmxX9iY9hbKTAAxY0B4ZcKzrYRn62Jl9D
            MAgchJvpjJljtQk43l9IQOUZZ0le3auvuaPyqkyvZAKe7gwV7UI/74Oo08Ctmd4SHy/K2Vqhr0A7KUnKY4LOqoZkCncNhk8s
            SKcbGbMu0bMBPjNOk2RorYsiFN5EfjZQ+V1LKKBftVcFaFSB3co1oVlHqlEsok/8qLaQ174aon5z0uFkZU+TQYak4DEqNdL2
            kCJs6ukjLwBtDkW1pzyYcda0PCVgf14eaUlGzYmVeu/xhBEdYURN24frVI2HByjyDPr46cbtFIM+isaI3hXDIwslQ2hE9vdH
            9/PPK8I9KJ4AHrrowDUJGGObraHTyp2vpoZjlI/fjEqe86yIaq0c6UgCAQAAU4zX1A=="""),
        new Fixture("flushed blocks of rare bits", Codec.ZSTD, rareBits(8_000), """
            KLUv/QBoxAEAEkEBgBD/vwITgGD6u1ASHZmGuA6ieWg+Z4xKOAsK+uD5Lt/43qT0MC/hyUowGdJLkOoEdWAeoAZkAgDDAQG/
            7/0aGoBguA7Z5Th7HmX1ZEU2U0k+Txeh+KQ584tdNLOwoI+UMNGiYZDxVphtWoBVuNHAg5awQlA492vNmiizngAtfXhSmkiA
            FAIAkwEB+/v/AhXA4whAwYfhNpLMmwcOQphoF3ByCkASeOUHL+hVHnPCXbTKUDwn16+0IcCyzObv2WzeqYAPyZnRH+UFtAEA
            84AA/v8SwP8LBwRP/61keiLyNUKqEH9YPHQZODXCwXRrlsSzMyOpezm68ymQh44hmxBEueiC/AEAY8EA/f9fFsCRb+RsjtaS
            MywnSs5XZs4epA8zeLBB55dmiU4SZRxKQxdJKTPRXgYL/IKTCntsE2zOkzKa36wBBAIAU8EA/987FcCKhTUBhQloPCUkt8Hy
            svSU9xXkUtLCBLndhYzERd6jKaFSx14CCkA814sy4wFPFUPipG+S5R6CedQBAGPBAO93WxPAADUoyFhckkYsj3SynZSqmTwi
            TX2FM07rJkY0TXNgrCYHnPE03Eo1x5ShMqMzqcojAi+0AQCZARTACAMfTDNoqK7kiWdOKL0P1emhYdlhmQBQkzVzwYwb8qTU
            i5IGERqcQQeN6xP8Atr2dQHMAQATwQD//wITwMRxFu8TdQ4GYwYQH524qivDqT0y6e0FJeY6Dgs2HM5qFSc5lSc7glv+jZEl
            wpLQrB8BAAA="""),
        new Fixture("tables of one symbol", Codec.ZSTD, rows(50), """
            KLUv/QBIFAIAFAM3LGFiY2RlZmdoLDgzLGFiYzIsYWJjMSxhYmM2LGFiYzgsYWJjNixhYmNkZWZnaCw4BgBgaDBoMDXAGgzt
            rSQB3AEABAMsYWJjZDAsYWJjMixhYmMwLGFiYzUsYWJjOCxhYmMyLGFiYzcsYWJjZGVmZ2gsNSwHUAUAE48x5grMAQB0AjUs
            YWJjMyxhYmMxLGFiYzIsYWJjNCxhYmM4LGFiY2RlZmdoLDUsYQcAYGgwFJgAhgZDg0EJrYIMAgDUAjYsYWJjMCxhYmM3LGFi
            YzYsYWJjNCxhYmM2LGFiYzQsYWJjZGVmZ2gsMixhYggAYGgwNBgaDA2GAhNgqEmEILwBADQCNCxhYmM4LGFiYzMsYWJjOSxh
            YmMzLGFiYzUsYWJjOCxhYmMIAMAAMDQYGgwNhgZDw6CmF4IkAQDQMixhYmMzLGFiYzQsYWJjNyxhYmNkZWZnaCwEBANAAw1q
            hiABAAA="""),
        new Fixture("tables of sequences used again", Codec.ZSTD, rows(500), """
            KLUv/QBYlAcAcgUPEaAnOWb/f6iCgyilXZGW+n/CRRAWPfNpHGvc9GMqE670/jORf6qLg8w6qj7H70anyIeLJAqEgSAAGIqo
            fajgfD8D0KIRqtEDETzPCe9k89oB/LJOM1U80G2NoFsKhXfqVJHnfjcH4tIE7sGXK84EB5HcaAhcoos+ULnZaBEgcav5gfwP
            Kt51UGGM4OjXrCQWLSLumA6mAA1R4zUy/RMI5tmnQWyOahEQHnMuAVYMGHPNEhJF1GmbrFJ8xz+IA3grxZX0JLF3iKKLgffG
            59tLqdd6qHg3JHPwokKGkTwP2eIYZx4KBVZ6KhTYA97WSgF8BwAUAzQwNDIzNDY1MzcwMTY3MDI4NTM5MDgzMTk1NjEzNzgx
            MzkwNDIzOTM0MjU3MzY3NzFzuEAfEngiTDBCkBCA1eJ13g1SOetjzzvi+WgV2lLna44CUwkqDIGOdB0O4tLG5KCbwMz8ypTW
            pfO22+CU8bpgnIIG47ZBTgHCxjIlLooJxCfeFmqK2wCpFO2DYlpccW/WPPsfgf5uDR20343KIARmKoyZ3vI/FUVniweZvjUh
            TysBS9+4q5LsC75UnJtWtBMNmkBCIPiDMfUSAbDkZF1MYbH90gco2g9hiba+MyQbiR8rOZ3qxQpE7kYZOOQBALAyMzEyODI5
            NTM1ODIsYWJjZGVmZ2gsGfwA3L2BWv+fbkOoxkKSoEXhlQWWk03ZAxA11KAI8Sy6WHUQ4gEAAA=="""),
        new Fixture("longer literals", Codec.ZSTD, skewed(1_500), """
            KLUv/QBILB0Ayl2ADqZ2ZmZVVVVVVVRFRENEQzMyIhEREN8A4QDgADedlmLicqZgelTCBZN4p4CBbAN29BjlVYhZ3ReOr+pX
            CedRQRe+W2EbZZYJp2XpXFE+IRS2X6lz01HkqpIy66bRHLWWpxEtIv5Kvjg+rHVe8v5LpjCMGJz6Wnkncj6y2Ah4HkYX8PR+
            jKK3NWO+GADMMpt1P4EZoDsgCELpHfxoNgxCU9y0rJl5ztvUtB7BGI1tqvdGnaY4veeotbIpa8ol8VMZusD1UeQBgBiX0IAs
            KO9hpLUISVYRLyvW88/Ev5Ax4K8CjldFBpZv3WsyLIitOZNp7SZhjhgJtYB2IdADtPGIEFfThPfNKRuWLimAQgJ3hW88NfpL
            QoSrLI52ZXcj4es1OLShI0N2ANsnJudeSua4OGfFls0rJWebtmE6WT7OlNks9qhQ5TmS9A2hr0wqU1WxY3RyqgXrkoauKdQz
            9L3AvTydue52/BQlVkYquW+fnjDZ+hPHRfCHKv/K+L8cZsAwt4JajSg3aKl8ZnD4GQM4EIlJRTQejEACKDerLf4VY6ftVTjs
            V4kNxqARsTOTKkhvz/STZBgpIs0t0iN6A0tm4FzHHmGXz9fhJKWAdykY8iRdwqb+IJjxhrRvhOuQn8QjlX4EPsHkNAlUDkOI
            +BYFOAs+YnHlnibxDUHi1LahBaKpIW1kSOQWj61o5ldzzRsd1JHoD/9jSRPgPWVAaJ6jhJ+wKeMTyISeLhmfNaxY6R/NUdte
            n2l46Oig0HMgiyrqbPhkXnB+oKxKNdNEaoI5WOwbSnSlX7KZCAb3YvXudCANndvHDU0KiFX0UrIUQAfrki6jMhV/RC2BN42x
            pKFfeTqZXiipi/7B6m58JvkMFw4u9bzgPotMEkhHFAisIHPQdGglZE+lSyCxAgFTxtDlgqOul5eJbmge1K+KOod4Eo6epOsx
            scexmPMb00iEnsh7ra5m0T5fNLixlOYVK/Rn2X+InTfUB9+cNpOV+0o1KIDEEld6BQ1uIMGzuWt1oehLVxg1QFVPMNTO80cT
            CO/wfub4k8CHESCeWyp0CJIRWkV6JOy2y0fZJdq3X8tmnZpskXh6qeZ3jlCn8mAcAGZNxURvQQhBYZppA5aMRnPP+QBqYjA3
            C9STLCZ2SD6g6acUolib5MK1MjG7cmxpNHA02MyQy0Zp52CcI4g5wwIk8IGQmAjUHo+JofM1te2gEA5BtkiWpwDfj8xLlKNC
            D8XGogUAAQAA"""),
        new Fixture("two frames, one skipped between", Codec.ZSTD, words(600), """
            KLUv/SD67QMAggYTEaAvBhg6DM9sfQPAwCfrt84DXzQJYI8e+6IuTtBXvt6PudB3pz5dPOPfhr8oWAfGu0FobkEmA6xDi5Fv
            UBoHIwnPpcmwPJLQ9DMlGBIAcDvI2AVFEJMzEn4ExDju8ITZTBZDDV1K4YULyiRiZVrvqykCWMaiVREPMfNaKk0YAwAAAAEC
            Ayi1L/1gXgBFBQAyxxUXkLc5iEuEP4ukxCmpWf+1RAoNFF+vyjM1MvhZwObcdkQpNC2l5/tqPuYOI88wUeId03zyBQUQhTiG
            iBKnFp4Oo8e4KbF4dhXN6IYkT3hLFdansF+tXy0iKEBCAxneEDDk4Cp0QxXbidR1yRgVAW38JGRhnFiovD2eA8ijIFYhAhQG
            L26R8Bl9VjaAV5wHUQgcsAGrjGjANMrLkOLIjFMZy8BTQQw="""));
}
